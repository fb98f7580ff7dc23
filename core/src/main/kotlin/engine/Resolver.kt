package io.hawser.engine

import io.hawser.transport.TransportApi
import kotlinx.coroutines.suspendCancellableCoroutine
import java.net.InetAddress

private val lookups = daemons("hawser-resolver", threads = 4)

/**
 * The addresses of [host], in the system's order, looked up on a thread of its own because the JDK blocks meanwhile.
 *
 * Cancelling returns at once; the look-up that nobody waits for any more ends by itself.
 *
 * @throws java.net.UnknownHostException
 */
@TransportApi
public suspend fun resolve(host: String): List<InetAddress> = suspendCancellableCoroutine { waiter ->
    val lookup = lookups.submit { waiter.resumeWith(runCatching { InetAddress.getAllByName(host).toList() }) }
    waiter.invokeOnCancellation { lookup.cancel(false) }
}
