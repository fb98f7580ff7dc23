package io.hawser.unix

import io.hawser.BindFailed
import io.hawser.Endpoint
import io.hawser.ServerOptions
import io.hawser.UnsupportedTransport
import io.hawser.engine.SelectableListener
import io.hawser.engine.listen
import io.hawser.transport.Listener
import io.hawser.transport.RawStream
import io.hawser.transport.TransportApi
import io.hawser.transport.orTyped
import java.net.BindException
import java.net.SocketTimeoutException
import java.nio.channels.ServerSocketChannel
import org.newsclub.net.unix.AFUNIXServerSocketChannel
import org.newsclub.net.unix.AddressAlreadyInUseSocketException

/** Listens at an abstract name. */
@OptIn(TransportApi::class)
internal class AbstractBinding(
    private val endpoint: Endpoint,
    private val address: AbstractAddress,
    private val options: ServerOptions,
) {
    private val identity = AbstractIdentity(local = address)

    /** @throws BindFailed if somebody has the name. */
    suspend fun listen(): Listener {
        val group = AfUnixLoops.group(endpoint)
        ensureAbstractNames(endpoint)
        return try {
            AbstractListener(group.listen(address, identity, options.socket) { prepare -> bind(prepare) })
        } catch (e: Throwable) {
            throw e.orTyped { BindFailed(endpoint, e) }
        }
    }

    private fun bind(prepare: (ServerSocketChannel) -> Unit): ServerSocketChannel {
        val channel = AFUNIXServerSocketChannel.open()
        try {
            channel.configureBlocking(false)
            prepare(channel)
            // junixsocket looks whether somebody is there, and says that he has no room.
            channel.bind(address.foreign(), options.backlog)
            return channel
        } catch (e: Throwable) {
            channel.close()
            throw if (e is AddressAlreadyInUseSocketException || e is SocketTimeoutException) inUse(e) else e
        }
    }

    private fun inUse(cause: Throwable) = BindException("Address already in use").apply { initCause(cause) }
}

@TransportApi
private class AbstractListener(private val inner: SelectableListener) : Listener by inner {
    override suspend fun accept(): RawStream = GuardedStream(inner.accept())

    override fun toString(): String = inner.toString()
}

/** Whether sockets can do without a path. */
internal val hasAbstractNames: Boolean = System.getProperty("os.name") == "Linux"

/** @throws UnsupportedTransport where sockets have paths only. */
internal fun ensureAbstractNames(endpoint: Endpoint) {
    if (hasAbstractNames) return
    throw UnsupportedTransport(endpoint, UnsupportedOperationException("only Linux has abstract names"))
}
