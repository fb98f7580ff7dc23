package io.hawser.samples.demo

import io.hawser.Endpoint
import java.nio.ByteBuffer
import java.nio.file.Path
import java.util.concurrent.atomic.AtomicLong
import kotlin.time.Duration

/** An echo and how one talks to it. Its users are on an event loop, as a handler is. */
internal interface Echo {
    val endpoint: Endpoint

    /**
     * Sends [file] while it takes in what comes back, counting bytes in [received], and returns how long that took. Hashing one read's
     * bytes is short work, shorter than a change of thread.
     *
     * @throws EchoDiffers unless exactly what was [sent] comes back.
     */
    suspend fun stream(file: Path, sent: Fingerprint, received: AtomicLong): Duration

    /** Does [block] with messages of [size] bytes. */
    suspend fun <R> talk(size: Int, block: suspend (Line) -> R): R
}

/** One message at a time, there and back. */
internal interface Line {
    suspend fun send(ping: ByteBuffer)

    /** Fills [pong], or as much of it as comes. */
    suspend fun receive(pong: ByteBuffer)
}
