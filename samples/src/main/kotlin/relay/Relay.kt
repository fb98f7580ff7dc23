package io.hawser.samples.relay

import io.hawser.ClientOptions
import io.hawser.Connection
import io.hawser.SocketFailure
import io.hawser.engine.EventLoopGroup
import io.hawser.relay
import io.hawser.samples.tls.clientTls
import io.hawser.samples.tls.streamClient
import java.io.IOException
import kotlinx.coroutines.CoroutineScope

/** There was nobody to pass a connection on to. */
internal class TurnedAway(why: SocketFailure) : IOException(why.message, why)

/** Has each connection meet one of its own to the other endpoint. */
internal fun relaying(arguments: RelayArguments, loops: EventLoopGroup?): suspend CoroutineScope.(Connection) -> Unit {
    val options = ClientOptions {
        connectTimeout = arguments.connectTimeout.value
        group = loops
    }
    val client = streamClient(arguments.to.endpoint, options) { clientTls(arguments.trust) }
    return { near ->
        val far = try {
            client.connect()
        } catch (e: SocketFailure) {
            // An end would say that all has arrived.
            near.abort()
            throw TurnedAway(e)
        }
        far.use { relay(near, far) }
    }
}
