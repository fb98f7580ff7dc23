package io.hawser.samples.relay

import io.hawser.ClientOptions
import io.hawser.Connection
import io.hawser.Hawser
import io.hawser.relay
import kotlinx.coroutines.CoroutineScope

/** Has each connection meet one of its own to the other endpoint. */
internal fun relaying(arguments: RelayArguments): suspend CoroutineScope.(Connection) -> Unit {
    val client = Hawser.streamClient(arguments.to.endpoint, ClientOptions { connectTimeout = arguments.connectTimeout.value })
    return { near -> client.connect { far -> relay(near, far) } }
}
