package io.hawser.engine

import io.hawser.transport.TransportApi
import java.net.InetAddress
import java.net.UnknownHostException
import kotlinx.coroutines.suspendCancellableCoroutine

private val lookups = daemons("hawser-resolver", threads = 4)

/** What the JDK reads as an address without asking anybody: an IPv4 address in full, and whatever has a colon. */
private val literal = run {
    val octet = "(25[0-5]|2[0-4]\\d|1?\\d?\\d)"
    Regex("($octet\\.){3}$octet|.*:.*")
}

/**
 * The addresses of [host], in the system's order; a name is looked up on a thread of its own, because the JDK blocks meanwhile.
 *
 * Cancelling returns at once; the look-up that nobody waits for any more ends by itself.
 *
 * @throws java.net.UnknownHostException
 */
@TransportApi
public suspend fun resolve(host: String): List<InetAddress> {
    if (literal.matches(host)) return InetAddress.getAllByName(host).toList()
    return suspendCancellableCoroutine { waiter ->
        val lookup = lookups.submit { waiter.resumeWith(runCatching { InetAddress.getAllByName(host).toList() }) }
        waiter.invokeOnCancellation { lookup.cancel(false) }
    }
}

/** The address that [text] is the literal of, or null; asks no name server. */
internal fun literalAddress(text: String): InetAddress? = try {
    if (literal.matches(text)) InetAddress.getByName(text) else null
} catch (_: UnknownHostException) {
    null
}
