package io.hawser.engine

import io.hawser.Admission
import io.hawser.Endpoint
import io.hawser.EventLoopClosed
import io.hawser.SocketOptions
import io.hawser.transport.AcceptedInVain
import io.hawser.transport.Listener
import io.hawser.transport.TransportApi
import java.io.IOException
import java.net.SocketAddress
import java.nio.channels.SelectionKey.OP_ACCEPT
import java.nio.channels.ServerSocketChannel
import java.nio.channels.SocketChannel
import java.util.concurrent.atomic.AtomicBoolean
import kotlinx.coroutines.Job
import kotlinx.coroutines.yield

/**
 * A bound [ServerSocketChannel] on an [EventLoop], which hands what it accepts to the loops of [group] in turn.
 *
 * It accepts from the channel itself: Ktor's `accept` loses the descriptor when it cannot configure what it accepted, reads
 * addresses that may be gone, and cannot be tried again after a cancellation. Whom the options or their hook cannot be had for is
 * closed, as [AcceptedInVain].
 */
@TransportApi
public class SelectableListener internal constructor(
    override val loop: EventLoop,
    private val group: EventLoopGroup,
    private val channel: ServerSocketChannel,
    private val identity: StreamIdentity,
    private val options: SocketOptions,
    override val admission: Admission = Admission.everyone,
    override val address: SocketAddress = channel.localAddress,
) : Listener {
    override val endpoint: Endpoint = Endpoint.of(identity.scheme, address)
    private val readiness = Readiness(loop, channel)

    /** Its monitor is held in the calls of the channel: not all providers' hold on to their descriptor, which another may have then. */
    private val closing = AtomicBoolean()
    private val closed = Job()

    override suspend fun accept(): SelectableStream {
        while (true) {
            if (loop.spent()) yield()
            val accepted = synchronized(closing) { channel.accept() }
            if (accepted != null) return streamOf(accepted)
            readiness.await(OP_ACCEPT)
        }
    }

    override fun close() {
        if (!closing.compareAndSet(false, true)) return
        ClosingSockets.add(closed, address)
        try {
            synchronized(closing) { channel.close() }
        } catch (e: IOException) {
            loop.unexpectedOnClose(e)
        } finally {
            loop.closed(readiness) {
                ClosingSockets.remove(closed)
                closed.complete()
            }
        }
    }

    override suspend fun awaitClosed(): Unit = closed.join()

    override fun toString(): String = endpoint.toString()

    private fun streamOf(accepted: SocketChannel): SelectableStream {
        try {
            accepted.configureBlocking(false)
            options.prepare(accepted, options.afterAccept)
            // A hook may have changed it, and then a read would hold up a loop.
            if (accepted.isBlocking) accepted.configureBlocking(false)
            return SelectableStream(group.next(), accepted, identity)
        } catch (e: Throwable) {
            accepted.close()
            throw if (e is EventLoopClosed) e else AcceptedInVain(e)
        }
    }
}
