package io.hawser.transport

import io.hawser.BindFailed
import io.hawser.Endpoint
import io.hawser.StreamServer

/** Binds the first of [servers] whose address is free, for what failures call [endpoint]. */
@TransportApi
public class FirstFree(private val endpoint: Endpoint, private val servers: List<StreamServer>) : Binder {
    init {
        require(servers.isNotEmpty()) { "there is no server for $endpoint" }
    }

    override suspend fun bind(): Listener {
        var last: BindFailed? = null
        for (server in servers) {
            try {
                return server.binder.bind()
            } catch (e: BindFailed) {
                if (e.reason != BindFailed.Reason.AddressInUse) throw e
                last = e
            }
        }
        if (servers.size == 1) throw checkNotNull(last)
        val places = "${servers.first().endpoint} to ${servers.last().endpoint}"
        throw BindFailed(endpoint, BindFailed.Reason.AddressInUse, "none of $places is free", last)
    }
}
