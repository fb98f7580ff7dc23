package io.hawser.engine

import io.hawser.BindFailed
import io.hawser.ConnectFailed
import io.hawser.Endpoint
import io.hawser.transport.InternetFamily
import io.hawser.transport.TransportApi
import io.hawser.transport.orTyped
import java.net.Inet4Address
import java.net.Inet6Address
import java.net.InetAddress
import java.net.InetSocketAddress
import java.net.ProtocolFamily
import java.net.StandardProtocolFamily.INET
import kotlin.time.Duration
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.withTimeoutOrNull

/**
 * Binds to the first address of this endpoint with [open], which is given the family that sockets are to be of, null for both.
 *
 * @throws BindFailed also when the name is not looked up within [patience].
 */
@TransportApi
public suspend fun <T> Endpoint.Inet.bind(
    patience: Duration = 10.seconds,
    resolve: suspend (String) -> List<InetAddress> = ::resolve,
    open: suspend (InetSocketAddress, ProtocolFamily?) -> T,
): T {
    val family = InternetFamily.of(scheme)
    try {
        val address = if (host == "*") family.any else firstAddress(family, patience, resolve)
        // To the JDK 0.0.0.0 means IPv6 as well, unless the socket is one of IPv4 alone: only * stands for both.
        val only = if (host != "*" && address is Inet4Address && address.isAnyLocalAddress) INET else family.protocol
        return open(InetSocketAddress(address, port), only)
    } catch (e: BindFailed) {
        throw e
    } catch (e: Throwable) {
        family.ensureSupported(this, e)
        throw e.orTyped { BindFailed(this, e) }
    }
}

/**
 * The addresses of this endpoint that are of its family, at least one.
 *
 * @throws ConnectFailed if there is none.
 */
@TransportApi
public suspend fun Endpoint.Inet.addresses(resolve: suspend (String) -> List<InetAddress> = ::resolve): List<InetAddress> {
    val family = InternetFamily.of(scheme)
    val all = try {
        resolve(host)
    } catch (e: Throwable) {
        throw e.orTyped { ConnectFailed(this, e) }
    }
    return all.filter { it in family }.ifEmpty {
        throw ConnectFailed(this, ConnectFailed.Reason.UnknownHost, "it has no ${family.addresses}", cause = null)
    }
}

/** To the JDK the address of none means this machine under its own name, which it looks up, blocking. The system takes the loopback. */
@TransportApi
public fun InetAddress.reachable(): InetAddress = when {
    !isAnyLocalAddress -> this
    this is Inet4Address -> InetAddress.getByAddress(byteArrayOf(127, 0, 0, 1))
    else -> Inet6Address.getByAddress(ByteArray(16).also { it[15] = 1 })
}

/** What a client of [endpoint] meets instead of this, which opening a socket of its family has thrown. */
@TransportApi
public suspend fun Throwable.connecting(endpoint: Endpoint.Inet): Throwable {
    InternetFamily.of(endpoint.scheme).ensureSupported(endpoint, this)
    return orTyped { ConnectFailed(endpoint, this) }
}

@TransportApi
private suspend fun Endpoint.Inet.firstAddress(
    family: InternetFamily,
    patience: Duration,
    resolve: suspend (String) -> List<InetAddress>,
): InetAddress {
    val addresses = withTimeoutOrNull(patience) { resolve(host) } ?: throw unknown("its name was not looked up within $patience")
    return addresses.firstOrNull { it in family } ?: throw unknown("it has no ${family.addresses}")
}

@TransportApi
private fun Endpoint.Inet.unknown(detail: String) = BindFailed(this, BindFailed.Reason.UnknownHost, detail, cause = null)
