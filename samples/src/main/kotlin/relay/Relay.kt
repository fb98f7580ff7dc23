package io.hawser.samples.relay

import io.hawser.ClientOptions
import io.hawser.Connection
import io.hawser.Hawser
import io.hawser.SocketFailure
import io.hawser.engine.EventLoopGroup
import io.hawser.relay
import kotlinx.coroutines.CoroutineScope

/** Has each connection meet one of its own to the other endpoint. */
internal fun relaying(arguments: RelayArguments, loops: EventLoopGroup?): suspend CoroutineScope.(Connection) -> Unit {
    val options = ClientOptions {
        connectTimeout = arguments.connectTimeout.value
        group = loops
    }
    val client = Hawser.streamClient(arguments.to.endpoint, options)
    return { near ->
        val far = try {
            client.connect()
        } catch (e: SocketFailure) {
            // An end would say that all has arrived.
            near.abort()
            throw e
        }
        far.use { relay(near, far) }
    }
}
