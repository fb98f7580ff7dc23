package io.hawser.tls

import io.hawser.Endpoint
import io.hawser.StreamClient
import io.hawser.StreamServer
import io.hawser.settings.Extension
import io.hawser.settings.SettingsApi
import io.hawser.settings.SettingsProvider
import io.hawser.transport.TransportApi

/** TLS in files: the table `tls` of a server or a client of streams. */
@SettingsApi
public class TlsSettings : SettingsProvider {
    override val extensions: List<Extension<*, *>> = listOf(server, client)

    @OptIn(TransportApi::class)
    private companion object {
        const val TABLE = "tls"
        const val SCHEME = "tls"

        val server = Extension(
            StreamServer::class.java,
            TABLE,
            "TLS on top of each connection",
            ServerTlsPlan.schema,
            fresh = ::ServerTlsPlan,
            refusal = { null },
            beneath = ::beneath,
            isNeeded = { it.scheme == SCHEME },
            extend = { server, plan, endpoint ->
                if (plan.isOn(endpoint)) server.through(TlsLayer(plan.build().side, server.options.closeTimeout), endpoint) else server
            },
            commit = ServerTlsPlan::commit,
        )

        val client = Extension(
            StreamClient::class.java,
            TABLE,
            "TLS on top of each connection",
            ClientTlsPlan.schema,
            fresh = ::ClientTlsPlan,
            refusal = { null },
            beneath = ::beneath,
            extend = { client, plan, endpoint ->
                if (plan.isOn(endpoint)) client.through(layer(client, plan, endpoint), endpoint) else client
            },
            commit = ClientTlsPlan::commit,
        )

        fun TlsPlan.isOn(endpoint: Endpoint): Boolean {
            require(enabled || endpoint.scheme != SCHEME) { "tls is not enabled, and $endpoint is nothing without it" }
            return enabled
        }

        fun layer(client: StreamClient, plan: ClientTlsPlan, endpoint: Endpoint): TlsLayer {
            val name = requireNotNull(plan.serverName ?: (endpoint as? Endpoint.Inet)?.host) {
                "serverName is missing: $endpoint has no host that the certificate could be for"
            }
            return TlsLayer(plan.build().side(ServerName.of(name)), client.options.closeTimeout)
        }

        fun beneath(endpoint: Endpoint): Endpoint =
            if (endpoint is Endpoint.Inet && endpoint.scheme == SCHEME) Endpoint.Inet("tcp", endpoint.host, endpoint.port) else endpoint
    }
}
