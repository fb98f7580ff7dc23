package io.hawser.unix

import io.hawser.ConnectFailed
import io.hawser.Endpoint
import io.hawser.SocketOptions
import io.hawser.engine.connect
import io.hawser.transport.RawStream
import io.hawser.transport.TransportApi
import io.hawser.transport.orTyped
import java.nio.channels.SocketChannel
import org.newsclub.net.unix.AFUNIXSocketChannel

/** Connects to an abstract name. */
@OptIn(TransportApi::class)
internal class AbstractDialer(private val endpoint: Endpoint, private val address: AbstractAddress) {
    private val identity = AbstractIdentity(remote = address)

    /** @throws ConnectFailed if nobody listens there. */
    suspend fun connect(socket: SocketOptions, failed: (ConnectFailed) -> Unit): RawStream {
        val loop = AfUnixLoops.group(endpoint).next()
        ensureAbstractNames(endpoint)
        return untilThereIsRoom(endpoint, failed) {
            try {
                GuardedStream(loop.connect(identity, socket) { prepare -> open(prepare) })
            } catch (e: BacklogFull) {
                throw e
            } catch (e: Throwable) {
                throw e.orTyped { ConnectFailed(endpoint, e) }
            }
        }
    }

    private fun open(prepare: (SocketChannel) -> Unit): SocketChannel {
        val channel = AFUNIXSocketChannel.open()
        try {
            channel.configureBlocking(false)
            prepare(channel)
            // EAGAIN, which the library takes for a connection on its way.
            if (!channel.connect(address.foreign())) throw BacklogFull()
            return channel
        } catch (e: Throwable) {
            channel.close()
            throw e
        }
    }
}
