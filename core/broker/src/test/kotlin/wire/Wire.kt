package io.hawser.broker.wire

import com.sun.management.ThreadMXBean
import io.hawser.Endpoint
import io.hawser.broker.Role
import java.lang.management.ManagementFactory
import java.nio.ByteBuffer
import java.util.HexFormat
import java.util.UUID

internal val peer = Endpoint.Inet("tcp", "peer.example", 7)

internal val channel = UUID.fromString("00112233-4455-6677-8899-aabbccddeeff")

internal fun ByteArray.hex(): String = HexFormat.of().formatHex(this)

internal fun unhex(text: String): ByteArray = HexFormat.of().parseHex(text.filterNot { it == ' ' })

/** The bytes of a frame, none of which need be right. */
internal fun raw(type: Int, id: Long, payload: ByteArray, flags: Int = 0, length: Int = payload.size, reserved: Int = 0): ByteArray =
    ByteBuffer.allocate(16 + payload.size).putInt(length).put(type.toByte()).put(flags.toByte()).putShort(reserved.toShort()).putLong(id)
        .put(payload).array()

internal fun raw(type: Int, id: Long, payload: String, flags: Int = 0): ByteArray = raw(type, id, unhex(payload), flags)

internal fun bytesOf(frames: List<Frame>): ByteArray = bytesOf(FrameWriter.encode(frames))

internal fun bytesOf(vararg frames: Frame): ByteArray = bytesOf(frames.asList())

internal fun bytesOf(pieces: Array<ByteBuffer>): ByteArray {
    val all = ByteBuffer.allocate(pieces.sumOf { it.remaining() })
    for (piece in pieces) all.put(piece)
    return all.array()
}

internal fun body(size: Int, seed: Int = 0): ByteBuffer = ByteBuffer.wrap(ByteArray(size) { (it * 31 + it / 256 + seed).toByte() })

internal fun body(words: String): ByteBuffer = ByteBuffer.wrap(words.toByteArray())

internal fun ByteBuffer.content(): ByteArray = ByteArray(remaining()).also { duplicate().get(it) }

internal fun start(id: Long, body: ByteBuffer = body("question"), flags: Int = 0): Frame.Start =
    Frame.Start(id, flags, handle = 1, timeoutMs = 5_000, HeaderBlock.EMPTY, body)

internal fun reply(
    id: Long,
    body: ByteBuffer = body(
        "answer",
    ),
    flags: Int = 0,
): Frame.Reply = Frame.Reply(id, flags, HeaderBlock.EMPTY, body)

internal val clientHello = Frame.ClientHello(1, 1, HeaderBlock.of(mapOf("product" to "a test")))

internal val brokerHello = Frame.BrokerHello(1, 64 * 1024, 8 * 1024, 256 * 1024, 15_000, HeaderBlock.of(mapOf("product" to "a test")))

private val headers = HeaderBlock.of(mapOf("content-type" to "text/plain", "grüße" to "välue", "empty" to ""))

/** One of each kind and more, as a client may send them to a broker that has opened the requests up to 8. */
internal val fromClient: List<Frame> = listOf(
    clientHello,
    Frame.Register(1, Role.PROVIDER, channel, 16, "secret".toByteArray()),
    Frame.Register(0xffff_ffff, Role.CONSUMER, channel, 0, ByteArray(0)),
    Frame.Start(1, Frame.WAIT or Frame.IDEMPOTENT, 0xffff_fffe, 0xffff_ffff, headers, body("first")),
    Frame.Start(7, Frame.WHOLE or Frame.PROBE, 1, 0, HeaderBlock.EMPTY, body(0)),
    Frame.Chunk(1, body(300)),
    Frame.Reply(8, 0, headers, body(0)),
    Frame.Reply(2, Frame.WHOLE, HeaderBlock.EMPTY, body("all of it")),
    Frame.Chunk(8, body(1)),
    Frame.End(1, Long.MAX_VALUE),
    Frame.Error(4, Frame.PROVIDER, Int.MAX_VALUE, Text.of("told to fail")),
    Frame.Error(6, 0, 7, Text.of("")),
    Frame.Cancel(7, 3),
    Frame.Credit(1, 1),
    Frame.Credit(8, Int.MAX_VALUE),
    Frame.Ping(Long.MIN_VALUE),
    Frame.Pong(-1),
    Frame.GoAway(0, Text.of("see you")),
)

/** The same of a broker, to a client that has opened the requests up to 7. */
internal val fromBroker: List<Frame> = listOf(
    brokerHello,
    Frame.Registered(1, 0, Text.of("")),
    Frame.Registered(0xffff_ffff, 5, Text.of("nö")),
    Frame.Start(2, Frame.WHOLE, 1, 1, headers, body("first")),
    Frame.Start(1L shl 40, Frame.WAIT, 1, 1, headers, body(0)),
    Frame.Reply(1, 0, headers, body("begin")),
    Frame.Chunk(1, body(200)),
    Frame.Error(3, 0, 2, Text.of("gone")),
    Frame.Cancel(2, 0),
    Frame.Credit(7, 1024),
    Frame.Ping(1),
    Frame.GoAway(33, Text.of("no")),
)

internal fun parser(from: Side, maxFrame: Int = 64 * 1024): FrameParser =
    FrameParser(from, peer, maxFrame) { if (from == Side.CLIENT) 8 else 7 }

/** What comes of [bytes], which come in pieces of so many bytes. */
internal fun FrameParser.frames(bytes: ByteArray, size: () -> Int = { bytes.size }): List<Frame> = buildList {
    var at = 0
    while (at < bytes.size) {
        val end = minOf(bytes.size, at + size())
        feed(bytes.copyOfRange(at, end), ::add)
        at = end
    }
}

private val memory = ManagementFactory.getThreadMXBean() as ThreadMXBean

/** How many bytes this thread reserves for [block]. */
internal inline fun allocatedBy(block: () -> Unit): Long {
    val before = allocated()
    block()
    return allocated() - before
}

internal fun allocated(): Long = memory.currentThreadAllocatedBytes
