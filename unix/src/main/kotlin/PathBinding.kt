package io.hawser.unix

import io.hawser.BindFailed
import io.hawser.Endpoint
import io.hawser.ServerOptions
import io.hawser.engine.EventLoopGroup
import io.hawser.engine.SelectableListener
import io.hawser.engine.listen
import io.hawser.transport.Listener
import io.hawser.transport.RawStream
import io.hawser.transport.TransportApi
import io.hawser.transport.orTyped
import java.net.UnixDomainSocketAddress
import java.nio.channels.ClosedChannelException

/** Listens at a path, by the rules of [SocketName]. */
@OptIn(TransportApi::class)
internal class PathBinding(
    private val endpoint: Endpoint,
    private val address: UnixDomainSocketAddress,
    private val options: ServerOptions,
    file: SocketFile,
) {
    private val name = SocketName(endpoint, address.path, file)
    private val identity = AcceptedAtPath(address)

    /** @throws BindFailed if the path cannot be had. */
    suspend fun listen(): Listener = try {
        val group = options.group ?: EventLoopGroup.shared
        val published = name.publish { bindable ->
            group.listen(UnixDomainSocketAddress.of(bindable), identity, options.backlog, options.socket, announced = address)
        }
        PathListener(published)
    } catch (e: BindFailed) {
        throw e
    } catch (e: Throwable) {
        throw e.orTyped { BindFailed(endpoint, e) }
    }
}

/** A listener with a file, which goes before it does. */
@TransportApi
private class PathListener(private val published: PublishedSocket<SelectableListener>) : Listener by published.socket {
    override suspend fun accept(): RawStream {
        val stream = published.socket.accept()
        if (!published.isClosing) return stream
        // Came while the name was being removed, as others come while their connection waits in the backlog of one that closes.
        stream.abort()
        throw ClosedChannelException()
    }

    override fun close(): Unit = published.close()

    override suspend fun awaitClosed() {
        published.awaitClosed()
        published.socket.awaitClosed()
    }

    override fun toString(): String = published.socket.toString()
}
