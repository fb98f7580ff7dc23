@file:OptIn(TransportApi::class)

package io.hawser.testkit

import io.hawser.engine.EventLoopGroup
import io.hawser.transport.Loop
import io.hawser.transport.RawStream
import io.hawser.transport.TransportApi
import java.nio.ByteBuffer

/** A stream with faults, and the other end without. */
internal suspend fun faulty(
    input: Faults = Faults.NONE,
    output: Faults = Faults.NONE,
    loop: Loop = EventLoopGroup.shared.next(),
): Pair<RawStream, RawStream> {
    val (near, far) = Memory.streams(loop)
    return FaultLayer(input, output).wrap(near) to far
}

internal fun bytes(text: String): ByteBuffer = ByteBuffer.wrap(text.encodeToByteArray())

/** What can be read at once, or null at the end. */
internal fun RawStream.take(): String? {
    val buffer = ByteBuffer.allocate(1024)
    return if (read(buffer) < 0) null else Charsets.UTF_8.decode(buffer.flip()).toString()
}

/** What can be read, waiting for it, or null at the end. */
internal suspend fun RawStream.takeOrWait(): String? {
    while (true) {
        val text = take()
        if (text != "") return text
        awaitReadable()
    }
}

/** Reads to the end, telling [each] how much it has been so far. */
internal suspend fun RawStream.count(each: (Int) -> Unit) {
    var total = 0
    while (true) {
        val text = takeOrWait() ?: return
        total += text.length
        each(total)
    }
}
