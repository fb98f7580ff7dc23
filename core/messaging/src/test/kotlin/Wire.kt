package io.hawser.messaging

import com.sun.management.ThreadMXBean
import io.hawser.Endpoint
import io.hawser.MalformedFrame
import io.hawser.messaging.wire.frozen
import java.lang.management.ManagementFactory
import java.nio.ByteBuffer
import java.util.HexFormat
import kotlin.random.Random

internal val peer = Endpoint.Inet("tcp", "peer.example", 7)

internal fun ByteArray.hex(): String = HexFormat.of().formatHex(this)

internal fun unhex(text: String): ByteArray = HexFormat.of().parseHex(text.filterNot { it == ' ' || it == '-' })

/** MessagePack of a text that is shorter than 32 bytes, in hexadecimal. */
internal fun text(short: String): String = (byteArrayOf((0xa0 + short.length).toByte()) + short.toByteArray()).hex()

/** The frame that [body] is in. */
internal fun framed(body: ByteArray): ByteArray = ByteBuffer.allocate(4 + body.size).putInt(body.size).put(body).array()

/** The fields of a message with the data [data], which begins at byte 67, in hexadecimal. */
internal fun fields(data: String): Map<String, String> = linkedMapOf(
    "event_name" to text("e"),
    "timestamp_ms" to "01",
    "timestamp_iso" to text("T"),
    "message_type" to text("data"),
    "data" to data,
)

/** The body of a message with these fields, which are in hexadecimal. */
internal fun Map<String, String>.body(): ByteArray = unhex(
    (0x80 + size).toString(16) + entries.joinToString("") {
        text(it.key) + it.value
    },
)

internal fun body(data: String): ByteArray = fields(data).body()

internal fun MessageCodec.bytes(message: Message): ByteArray = encode(message, peer).single().let { bytes ->
    ByteArray(bytes.remaining()).also { bytes.get(it) }
}

internal fun MessageCodec.decode(bytes: ByteArray): Message? = decode(ByteBuffer.wrap(bytes), 0, peer)

/** What is wrong with [body]. */
internal fun flaw(body: ByteArray): String = try {
    "none: ${MessageCodec().decode(framed(body))}"
} catch (e: MalformedFrame) {
    checkNotNull(e.message).removePrefix("$peer sent a malformed frame: ")
}

private val memory = ManagementFactory.getThreadMXBean() as ThreadMXBean

/** How many bytes this thread reserves for [block]. */
internal inline fun allocatedBy(block: () -> Unit): Long {
    val before = allocated()
    block()
    return allocated() - before
}

internal fun allocated(): Long = memory.currentThreadAllocatedBytes

internal fun Random.message(): Message = Message(
    eventName = text(1 + nextInt(64), ('a'..'z') + ('A'..'Z') + ('0'..'9') + '_' + '-'),
    timestampMs = number(),
    timestampIso = text(nextInt(40), signs),
    type = MessageType.entries.random(this),
    content = frozen(map(depth = 1)),
)

private val signs = listOf('a', '"', '\n', '\u0000', '\u007f', '\u0080', '\u07ff', '\u0800', '\uffff', '\ufffd', 'ü')

private val lengths = listOf(0, 1, 2, 3, 5, 15, 16, 17, 31, 32, 33, 255, 256, 300)

private fun Random.text(length: Int, of: List<Char>): String = buildString { repeat(length) { append(of.random(this@text)) } }

private fun Random.number(): Long = nextLong() shr nextInt(Long.SIZE_BITS)

private fun Random.map(depth: Int): Map<String, Any?> =
    (0 until size(depth)).associate { text(nextInt(20), signs) + (if (nextInt(9) == 0) "\ud83c\udf7a" else "") to value(depth) }

/** Less and less, the further inside. */
private fun Random.size(depth: Int): Int = nextInt(maxOf(1, 20 shr depth))

private fun Random.value(depth: Int): Any? = when (nextInt(10)) {
    0 -> null
    1 -> nextBoolean()
    2, 3 -> number()
    4 -> listOf(nextDouble(), 0.0, -0.0, Double.NaN, Double.NEGATIVE_INFINITY, Double.MIN_VALUE, 1e300).random(this)
    5 -> nextBytes(lengths.random(this))
    6 -> List(size(depth)) { value(depth + 1) }
    7 -> map(depth + 1)
    else -> text(lengths.random(this), signs)
}
