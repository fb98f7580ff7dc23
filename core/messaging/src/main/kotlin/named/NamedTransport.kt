package io.hawser.messaging.named

import io.hawser.BindFailed
import io.hawser.ConnectFailed
import io.hawser.Endpoint
import io.hawser.SocketOptions
import io.hawser.StreamServer
import io.hawser.engine.disk
import io.hawser.transport.Binder
import io.hawser.transport.Connector
import io.hawser.transport.FirstFree
import io.hawser.transport.Listener
import io.hawser.transport.RawStream
import io.hawser.transport.TransportApi
import java.io.IOException
import java.net.InetSocketAddress
import java.net.SocketAddress
import java.nio.file.NoSuchFileException
import kotlinx.coroutines.withContext

/** Binds the first of [servers] that can be had for the hub of [event], and says in [folder] which one, if it is not known already. */
@TransportApi
internal class NamedBinder(
    private val folder: HubFolder,
    private val event: String,
    private val endpoint: Endpoint,
    private val servers: List<StreamServer>,
) : Binder {
    override suspend fun bind(): Listener {
        // Held here, because a cancellation on the way back from another thread would drop the result.
        var announcement: Announcement? = null
        var listener: Listener? = null
        try {
            stored { folder.prepare() }
            if (endpoint.isSocket) return first()
            stored { announcement = Announcement.claim(folder, event) }
            val claimed = announcement ?: throw taken()
            val bound = first().also { listener = it }
            stored { claimed.publish(bound.nearby()) }
            return Announced(bound, claimed)
        } catch (e: Throwable) {
            announcement?.close()
            listener?.close()
            throw e
        }
    }

    private suspend fun stored(action: () -> Unit) {
        try {
            withContext(disk) { action() }
        } catch (e: IOException) {
            throw BindFailed(endpoint, e)
        }
    }

    private suspend fun first(): Listener = FirstFree(endpoint, servers).bind()

    private fun taken() =
        BindFailed(endpoint, BindFailed.Reason.AddressInUse, "another hub of $event has ${folder.announcement(event)}", null)
}

/** A listener that takes its [announcement] back when it closes, before anybody can meet a closed door. */
@TransportApi
private class Announced(private val inner: Listener, private val announcement: Announcement) : Listener by inner {
    override fun close() {
        announcement.close()
        inner.close()
    }
}

/**
 * Connects, by what [via] makes of its endpoint, to wherever the hub of [event] listens: at [endpoint] if that is a socket, else where it
 * says in [folder].
 */
@TransportApi
internal class NamedConnector(
    private val folder: HubFolder,
    private val event: String,
    private val endpoint: Endpoint,
    override val remote: SocketAddress,
    private val via: (Endpoint) -> Connector,
) : Connector {
    override suspend fun connect(socket: SocketOptions, failed: (ConnectFailed) -> Unit): RawStream {
        val place = try {
            withContext(disk) {
                folder.check()
                if (endpoint.isSocket) endpoint else Announcement.find(folder, event)
            }
        } catch (_: NoSuchFileException) {
            null
        } catch (e: IOException) {
            throw ConnectFailed(endpoint, e)
        }
        if (place == null) {
            val why = if (endpoint.isSocket) {
                "there is no folder for it"
            } else {
                "no hub says in ${folder.announcement(
                    event,
                )} where it listens"
            }
            throw ConnectFailed(endpoint, ConnectFailed.Reason.NoSuchName, why, null)
        }
        return via(place).connect(socket, failed)
    }
}

/** Whether it says by itself where its socket is. */
private val Endpoint.isSocket: Boolean get() = scheme == "unix"

/** Where clients on the same machine reach it. */
@TransportApi
private fun Listener.nearby(): Endpoint {
    val inet = address as InetSocketAddress
    return when {
        !inet.address.isAnyLocalAddress -> endpoint
        endpoint.scheme == "tcp6" -> Endpoint.Inet(endpoint.scheme, "::1", inet.port)
        else -> Endpoint.Inet(endpoint.scheme, "127.0.0.1", inet.port)
    }
}
