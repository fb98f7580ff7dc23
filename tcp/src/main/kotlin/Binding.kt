package io.hawser.tcp

import io.hawser.BindFailed
import io.hawser.Endpoint
import io.hawser.ServerOptions
import io.hawser.engine.EventLoopGroup
import io.hawser.engine.listen
import io.hawser.engine.resolve
import io.hawser.transport.Listener
import io.hawser.transport.TransportApi
import java.net.Inet4Address
import java.net.InetAddress
import java.net.InetSocketAddress
import java.net.StandardProtocolFamily.INET
import kotlin.time.Duration
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.withTimeoutOrNull

/** Listens on the first address of [endpoint]. */
@OptIn(TransportApi::class)
internal class Binding(
    private val endpoint: Endpoint.Inet,
    private val options: ServerOptions,
    private val patience: Duration = 10.seconds,
    private val resolve: suspend (String) -> List<InetAddress> = ::resolve,
) {
    private val family = Family.of(endpoint.scheme)

    /** @throws BindFailed also when the name is not looked up within [patience]. */
    suspend fun listen(): Listener = try {
        val address = if (endpoint.host == "*") family.any else address()
        val group = options.group ?: EventLoopGroup.shared
        // To the JDK 0.0.0.0 means IPv6 as well, unless the socket is one of IPv4 alone: only * stands for both.
        val only = if (endpoint.host != "*" && address is Inet4Address && address.isAnyLocalAddress) INET else family.protocol
        group.listen(InetSocketAddress(address, endpoint.port), family.scheme, options.backlog, options.socket, family.admission, only)
    } catch (e: BindFailed) {
        throw e
    } catch (e: Throwable) {
        family.ensureSupported(endpoint, e)
        throw e.orTyped { BindFailed(endpoint, e) }
    }

    private suspend fun address(): InetAddress {
        val addresses = withTimeoutOrNull(patience) { resolve(endpoint.host) } ?: unknown("its name was not looked up within $patience")
        return addresses.firstOrNull { it in family } ?: unknown("it has no ${family.addresses}")
    }

    private fun unknown(detail: String): Nothing = throw BindFailed(endpoint, BindFailed.Reason.UnknownHost, detail, cause = null)
}
