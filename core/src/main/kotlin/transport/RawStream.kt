package io.hawser.transport

import io.hawser.Attributes
import io.hawser.Endpoint
import java.net.SocketAddress
import java.nio.ByteBuffer
import java.nio.channels.FileChannel

/**
 * A connected byte stream as a transport sees it: non-blocking calls, and waits for readiness between them.
 *
 * The read side ([read], [awaitReadable]) is called by one coroutine at a time, the write side ([write], [flush], [awaitWritable],
 * [transferFrom], [shutdownOutput]) by one coroutine at a time, the two concurrently and from any thread; [close], [abort] and
 * [wakeReader] come from any thread at any time. A stream whose two sides share state guards that state itself.
 *
 * Failures are [java.io.IOException]s, typed as [io.hawser.SocketFailure] where the stream knows the type. After [close] or
 * [abort] every pending and later call fails with [java.nio.channels.ClosedChannelException] or [io.hawser.ConnectionClosed].
 */
@TransportApi
public interface RawStream : AutoCloseable {
    /** The loop this stream lives on: whose dispatcher its coroutines run on by default, whose clock and buffers it uses. */
    public val loop: Loop

    /** Our end, the same for the stream's whole life. */
    public val local: SocketAddress

    /** The peer's end, the same for the stream's whole life. */
    public val remote: SocketAddress

    /** The peer as failures name it. */
    public val endpoint: Endpoint

    /** What is known of the peer; a layer adds to what the stream under it knows. */
    public val attributes: Attributes get() = Attributes.none

    /**
     * Moves what has arrived into [target], which has room.
     *
     * Returns the number of bytes, -1 at the end of the stream and ever after, or 0 when there is nothing yet: then the next
     * call comes after [awaitReadable], because a stream may remember that it has been drained.
     */
    public fun read(target: ByteBuffer): Int

    /** Gives as much of [source] to the stream as it takes, and returns how many bytes; 0 asks for [awaitWritable]. */
    public fun write(source: ByteBuffer): Int

    /** As [write] for the buffers from index [from] on, in order, as one operation where the transport has one. */
    public fun write(sources: Array<ByteBuffer>, from: Int): Long

    /**
     * Gives the system what [write] has taken and not yet handed on, and returns whether all of it has gone; false asks for
     * [awaitWritable] and another flush. A stream over the kernel never holds anything.
     *
     * Whoever writes flushes before the write is over, and before [shutdownOutput]. Nobody sees how much of it has gone, so for a write
     * timeout all that a stream holds is one byte: it holds little.
     */
    public fun flush(): Boolean = true

    /**
     * Suspends until [read] has something to say, bytes, the end, or a failure, or until [wakeReader]. It holds no buffer and takes
     * no byte, so cancelling it loses nothing and it can be called again at once.
     *
     * It may also return without a cause. So its caller looks again with [read], which then returns 0, before it waits once more; a
     * layer passes a return of the stream below on by returning itself.
     */
    public suspend fun awaitReadable()

    /**
     * Has the pending [awaitReadable] return although nothing came, so that its caller can see to something else; if none is pending,
     * the next one returns at once. Several before that count as one, and one that a cancelled wait was given stays for the next.
     *
     * Any thread; never waits. The reader goes on through its dispatcher, not within this call. After [close] it does nothing.
     */
    public fun wakeReader()

    /**
     * Suspends until [write] can take a byte, or, after a [flush] that has not handed on everything, until another can hand on more; or
     * until they fail. Cancelling it changes nothing; it can be called again at once.
     */
    public suspend fun awaitWritable()

    /**
     * Sends up to [count] bytes of [file] from [position] on, suspending until at least one is taken, and returns how many were.
     *
     * Disk reads block, so the caller is on a dispatcher that may block. The default copies through a buffer of the loop. What is taken
     * is flushed by the caller.
     */
    public suspend fun transferFrom(file: FileChannel, position: Long, count: Long): Long {
        val buffer = loop.buffers.take()
        try {
            buffer.limit(minOf(count, buffer.capacity().toLong()).toInt())
            if (file.read(buffer, position) <= 0) return 0
            buffer.flip()
            while (true) {
                // What does not fit is read again: the caller has to know of every byte that has left.
                val sent = write(buffer)
                if (sent > 0) return sent.toLong()
                awaitWritable()
            }
        } finally {
            loop.buffers.give(buffer)
        }
    }

    /** Ends our direction: the peer reads everything and then the end, while we go on reading. */
    public suspend fun shutdownOutput()

    /**
     * Closes both directions without waiting for anybody. What has been written still reaches the peer: bytes that have already
     * arrived and nobody read are discarded first, bounded, because the kernel answers unread bytes with a reset.
     *
     * Idempotent. [awaitClosed] tells when the descriptor is free.
     */
    override fun close()

    /** Closes at once and lets the peer see a reset. What was in flight is lost. Idempotent. */
    public fun abort()

    /** Suspends until the stream has been closed and what it held of the system is free. */
    public suspend fun awaitClosed()
}
