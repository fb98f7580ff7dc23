package io.hawser.engine

import io.ktor.network.selector.SelectorManager
import java.net.ProtocolFamily
import java.net.StandardProtocolFamily
import java.nio.channels.Channel
import java.nio.channels.DatagramChannel
import java.nio.channels.Pipe
import java.nio.channels.SelectableChannel
import java.nio.channels.ServerSocketChannel
import java.nio.channels.SocketChannel
import java.nio.channels.spi.AbstractSelector
import java.nio.channels.spi.SelectorProvider
import kotlinx.coroutines.Job
import kotlinx.coroutines.NonCancellable
import kotlinx.coroutines.withContext

/**
 * The [loop] as Ktor sees it while it opens one socket, of [family] if that is not null.
 *
 * Whoever opens it so has the channel from the first, to prepare it before it is bound or connected and to [discard] it, while Ktor gives
 * a channel out only when all has gone well.
 */
internal class Opening(private val loop: EventLoop, private val family: ProtocolFamily?) : SelectorManager by loop {
    /** Sees the channel before Ktor does. */
    var prepareListener: (ServerSocketChannel) -> Unit = {}

    /** Sees the channel before Ktor does. */
    var prepareStream: (SocketChannel) -> Unit = {}

    override val provider: SelectorProvider = Channels(loop.provider)

    private var channel: SelectableChannel? = null

    /** Closes the channel, if there is one, and returns when its descriptor is free. Idempotent, and not to be cancelled. */
    suspend fun discard() {
        val channel = channel ?: return
        channel.close()
        // Not one of Ktor's that failed: nothing is in the way of the loop forgetting it at once.
        val readiness = channel.keyFor(loop.selector)?.attachment() as? Readiness ?: return
        val free = Job()
        loop.closed(readiness) { free.complete() }
        withContext(NonCancellable) { free.join() }
    }

    private inner class Channels(private val real: SelectorProvider) : SelectorProvider() {
        override fun openSocketChannel(): SocketChannel =
            prepared(if (family == null) real.openSocketChannel() else real.openSocketChannel(family))

        override fun openServerSocketChannel(): ServerSocketChannel =
            prepared(if (family == null) real.openServerSocketChannel() else real.openServerSocketChannel(family))

        // Asked by Ktor for Unix sockets.
        override fun openSocketChannel(family: ProtocolFamily): SocketChannel {
            requireUnix(family)
            return prepared(real.openSocketChannel(family))
        }

        override fun openServerSocketChannel(family: ProtocolFamily): ServerSocketChannel {
            requireUnix(family)
            return prepared(real.openServerSocketChannel(family))
        }

        override fun openDatagramChannel(): DatagramChannel = real.openDatagramChannel()

        override fun openDatagramChannel(family: ProtocolFamily): DatagramChannel = real.openDatagramChannel(family)

        override fun openPipe(): Pipe = real.openPipe()

        override fun openSelector(): AbstractSelector = real.openSelector()

        override fun inheritedChannel(): Channel? = real.inheritedChannel()

        private fun prepared(opened: SocketChannel) = opened.also { channel = it }.also(prepareStream)

        private fun prepared(opened: ServerSocketChannel) = opened.also { channel = it }.also(prepareListener)

        private fun requireUnix(asked: ProtocolFamily) {
            if (family == null || asked != StandardProtocolFamily.UNIX) return
            throw UnsupportedOperationException("family is no option of Unix sockets: ${family.name()}")
        }
    }
}
