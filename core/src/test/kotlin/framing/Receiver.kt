package io.hawser.framing

import io.hawser.Ahead
import io.hawser.Endpoint
import io.hawser.SocketFailure
import io.hawser.transport.Buffers
import io.hawser.transport.TransportApi
import java.nio.ByteBuffer
import java.util.HexFormat
import kotlin.random.Random

internal val peer = Endpoint.Inet("tcp", "peer.example", 7)

/** Receives with [codec] as a connection does, from slices, and tells [heard] the frames and the failures. */
@OptIn(TransportApi::class)
internal class Receiver<T : Any>(private val codec: FrameCodec<T>, buffers: Buffers, private val heard: (Any) -> Unit) {
    private val ahead = Ahead(buffers)
    private var seen = 0
    private var hasFailed = false

    fun feed(bytes: ByteArray, from: Int, count: Int) {
        var at = from
        while (at < from + count) {
            at += ahead.append { target -> minOf(target.remaining(), from + count - at).also { target.put(bytes, at, it) } }
        }
        while (!hasFailed) heard(next() ?: break)
    }

    /** Has what is held stand in memory of its own, as while a connection waits. */
    fun stash() = ahead.stash()

    /** What a connection would say at the end of the stream. */
    fun end(): String = when {
        ahead.isEmpty -> "end"
        hasFailed -> "${ahead.size} bytes unread"
        else -> "${ahead.size} bytes of ${ahead.expected(codec)}"
    }

    private fun next(): Any? {
        val before = ahead.size
        return try {
            ahead.takeFrame(codec, seen, peer).also { seen = if (it == null) ahead.size else 0 }
        } catch (e: SocketFailure) {
            hasFailed = ahead.size == before
            seen = 0
            e
        }
    }
}

/** What this codec makes of [bytes] in slices of [size] bytes: its frames, its failures, and how it ends. */
@OptIn(TransportApi::class)
internal fun FrameCodec<*>.transcript(bytes: ByteArray, size: () -> Int = { bytes.size }): List<String> {
    val all = mutableListOf<String>()
    val receiver = Receiver(this, Buffers(16)) { all += it.text() }
    var at = 0
    while (at < bytes.size) {
        val count = size().coerceIn(1, bytes.size - at)
        receiver.feed(bytes, at, count)
        receiver.stash()
        at += count
    }
    return all + receiver.end()
}

/** The same, once it is certain that slices make no difference. */
internal fun FrameCodec<*>.transcriptOfAnySlices(bytes: ByteArray): List<String> {
    val whole = transcript(bytes)
    for (first in 1 until bytes.size) {
        var isFirst = true
        val slices = { (if (isFirst) first else bytes.size).also { isFirst = false } }
        check(transcript(bytes, slices) == whole) { "$this differs if the first slice of ${bytes.hex()} is $first bytes" }
    }
    check(transcript(bytes) { 1 } == whole) { "$this differs byte by byte for ${bytes.hex()}" }
    val random = Random(bytes.size)
    repeat(10) { check(transcript(bytes) { random.nextInt(1, 5) } == whole) { "$this differs in slices for ${bytes.hex()}" } }
    return whole
}

/** The bytes of [frames], one behind the other. */
internal fun <T : Any> FrameCodec<T>.encoded(vararg frames: T): ByteArray =
    frames.flatMap { encode(it, peer).asList() }.map { piece -> ByteArray(piece.remaining()).also { piece.get(it) } }
        .fold(ByteArray(0), ByteArray::plus)

internal fun <T : Any> FrameCodec<T>.decode(bytes: ByteArray, seen: Int = 0): T? = decode(ByteBuffer.wrap(bytes), seen, peer)

internal fun ByteArray.hex(): String = HexFormat.of().formatHex(this)

internal fun unhex(text: String): ByteArray = HexFormat.of().parseHex(text.replace(" ", ""))

private fun Any.text(): String = when (this) {
    is ByteArray -> hex()
    is SocketFailure -> "${javaClass.simpleName}: $message"
    else -> "\"$this\""
}
