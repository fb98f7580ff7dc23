package io.hawser.tcp

import io.hawser.ClientOptions
import io.hawser.ConnectFailed
import io.hawser.Endpoint
import io.hawser.EventLoopClosed
import io.hawser.SocketOptions
import io.hawser.engine.EventLoop
import io.hawser.engine.EventLoopGroup
import io.hawser.engine.StreamIdentity
import io.hawser.engine.addresses
import io.hawser.engine.connect
import io.hawser.engine.connecting
import io.hawser.engine.reachable
import io.hawser.engine.resolve
import io.hawser.transport.InternetFamily
import io.hawser.transport.RawStream
import io.hawser.transport.TransportApi
import java.io.IOException
import java.net.InetAddress
import java.net.InetSocketAddress
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.currentCoroutineContext
import kotlinx.coroutines.ensureActive

/** Connects to whichever address of [endpoint] answers first. */
@OptIn(TransportApi::class)
internal class Dialer(
    private val endpoint: Endpoint.Inet,
    private val options: ClientOptions,
    private val resolve: suspend (String) -> List<InetAddress> = ::resolve,
) {
    private val family = InternetFamily.of(endpoint.scheme)
    private val identity = StreamIdentity(endpoint.scheme)

    /** @throws ConnectFailed with every address's failure suppressed in it, if there are several. */
    suspend fun connect(socket: SocketOptions, failed: (ConnectFailed) -> Unit): RawStream {
        val wanted = endpoint.addresses(resolve).interleaved()
        val loop = (options.group ?: EventLoopGroup.shared).loopFor(currentCoroutineContext())
        wanted.singleOrNull()?.let {
            try {
                return loop.connectTo(it, socket)
            } catch (e: Throwable) {
                throw e.connecting(endpoint)
            }
        }
        try {
            return race(wanted, options.attemptDelay, RawStream::abort) { address ->
                try {
                    loop.connectTo(address, socket)
                } catch (e: IOException) {
                    failed(failure(address, e))
                    throw e
                }
            }
        } catch (e: AllFailed) {
            e.failures.filterNotNull().forEach { family.ensureSupported(endpoint, it) }
            throw e.failures.firstOrNull { it is EventLoopClosed } ?: failure(wanted, e)
        } catch (e: CancellationException) {
            // A loop that ends cancels what runs on it, a race included, but nobody has cancelled the caller.
            currentCoroutineContext().ensureActive()
            throw generateSequence<Throwable>(e) { it.cause }.firstOrNull { it is EventLoopClosed } ?: e
        }
    }

    private suspend fun EventLoop.connectTo(address: InetAddress, socket: SocketOptions): RawStream =
        connect(InetSocketAddress(address.reachable(), endpoint.port), identity, socket, family.protocol)

    private fun failure(addresses: List<InetAddress>, all: AllFailed): ConnectFailed {
        val failure = ConnectFailed(endpoint, all.cause ?: all)
        addresses.zip(all.failures) { address, cause -> cause?.let { failure.addSuppressed(failure(address, it)) } }
        return failure
    }

    private fun failure(address: InetAddress, cause: Throwable) =
        ConnectFailed(Endpoint.of(endpoint.scheme, InetSocketAddress(address, endpoint.port)), cause)
}
