package io.hawser.engine

import io.hawser.Turn
import io.hawser.transport.TransportApi
import java.io.IOException
import java.net.SocketAddress
import java.nio.channels.SelectableChannel
import java.nio.channels.SelectionKey.OP_READ
import java.nio.channels.SelectionKey.OP_WRITE
import java.util.concurrent.atomic.AtomicBoolean
import kotlinx.coroutines.Job

/**
 * A non-blocking [channel] that [loop] watches for those who wait. One coroutine waits for input at a time, any number for output.
 *
 * Takes [channel] over, also when the constructor throws.
 */
@TransportApi
public class Watched(public val loop: EventLoop, private val channel: SelectableChannel) : AutoCloseable {
    private val readiness: Readiness
    private val closing = AtomicBoolean()
    private val closed = Job()

    /** There is room for one who waits. */
    private val writers = Turn()

    init {
        try {
            readiness = if (loop.isCurrent) loop.readiness(channel) else Readiness(loop, channel)
        } catch (e: Throwable) {
            channel.close()
            throw e
        }
    }

    /** Suspends until there is input, or until [wakeReader]. Cancelling changes nothing. */
    public suspend fun awaitReadable(): Unit = readiness.await(OP_READ)

    /** Has the pending [awaitReadable], or else the next one, return. Any thread. */
    public fun wakeReader(): Unit = readiness.wakeReader()

    /** Suspends until there is room for output. Cancelling changes nothing. */
    public suspend fun awaitWritable() {
        writers.take()
        try {
            readiness.await(OP_WRITE)
        } finally {
            writers.pass()
        }
    }

    /**
     * Closes the channel: those who wait fail with [java.nio.channels.ClosedChannelException]. Returns at once, from any thread;
     * idempotent. Who binds to [address] in this process from now on waits until it is free, if it is not null.
     */
    public fun close(address: SocketAddress?) {
        if (!closing.compareAndSet(false, true)) return
        if (address != null) ClosingSockets.add(closed, address)
        try {
            channel.close()
        } catch (e: IOException) {
            loop.unexpectedOnClose(e)
        } finally {
            loop.closed(readiness) {
                ClosingSockets.remove(closed)
                closed.complete()
            }
        }
    }

    /** Closes the channel, whose address nobody else wants. */
    override fun close(): Unit = close(address = null)

    /** Suspends until the channel has been closed and its descriptor is free. */
    public suspend fun awaitClosed(): Unit = closed.join()
}
