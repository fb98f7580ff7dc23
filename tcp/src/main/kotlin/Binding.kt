package io.hawser.tcp

import io.hawser.Endpoint
import io.hawser.ServerOptions
import io.hawser.engine.EventLoopGroup
import io.hawser.engine.StreamIdentity
import io.hawser.engine.bind
import io.hawser.engine.listen
import io.hawser.engine.resolve
import io.hawser.transport.InternetFamily
import io.hawser.transport.Listener
import io.hawser.transport.TransportApi
import java.net.InetAddress
import kotlin.time.Duration
import kotlin.time.Duration.Companion.seconds

/** Listens on the first address of [endpoint]. */
@OptIn(TransportApi::class)
internal class Binding(
    private val endpoint: Endpoint.Inet,
    private val options: ServerOptions,
    private val patience: Duration = 10.seconds,
    private val resolve: suspend (String) -> List<InetAddress> = ::resolve,
) {
    /** @throws io.hawser.BindFailed also when the name is not looked up within [patience]. */
    suspend fun listen(): Listener = endpoint.bind(patience, resolve) { address, protocol ->
        val admission = InternetFamily.of(endpoint.scheme).admission
        val group = options.group ?: EventLoopGroup.shared
        group.listen(address, StreamIdentity(endpoint.scheme), options.backlog, options.socket, admission, protocol)
    }
}
