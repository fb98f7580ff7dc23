package io.hawser.messaging

import io.hawser.Endpoint
import io.hawser.Hawser
import io.hawser.StreamClient
import io.hawser.StreamServer
import io.hawser.messaging.named.HubFolder
import io.hawser.messaging.named.NamedBinder
import io.hawser.messaging.named.NamedConnector
import io.hawser.transport.TransportApi
import java.net.InetSocketAddress

/**
 * Hubs that their clients on the same machine find by the name of the event, in a folder that both know, as [options] say. A hub's socket is
 * `{socketDir}/{event}.sock`; one on TCP says in `{socketDir}/{event}.tcp` where it listens, for as long as it does: a client that meets
 * another one there, because a hub was killed, tries again. The module of the transport has to be on the class path: `hawser-unix` or
 * `hawser-tcp`.
 *
 * There is one hub of an event and a kind in a folder: another one fails with [io.hawser.BindFailed]. Clients look again whenever they
 * connect, so they find a hub that has come back at another port.
 *
 * The folder is made if it is not there, for this user alone. One that everybody may write to is refused, and a
 * [default][NamedHubOptions.socketDir] one has to be the user's own: whoever puts files there says whom clients talk to. Nobody but hubs
 * should change what is in it: a hub whose file is removed is not found until it starts again.
 */
@OptIn(TransportApi::class)
public class NamedHubs @JvmOverloads constructor(public val options: NamedHubOptions = NamedHubOptions()) {
    private val folder = HubFolder(options.socketDir)

    /**
     * A hub of [event], which listens once it is started.
     *
     * @throws IllegalArgumentException if [event] is no name of an event, or the path of its socket is too long for one.
     * @throws IllegalStateException naming the artifact to add, if the transport is not there.
     */
    @JvmOverloads
    public fun createServer(
        kind: SocketKind,
        event: String,
        options: HubOptions = HubOptions(),
        listener: HubListener = object : HubListener {},
    ): MessageHub {
        requireEventName(event)
        val places = when (kind) {
            SocketKind.Unix -> listOf(socketOf(event))
            SocketKind.Tcp -> this.options.candidates.map { Endpoint.Inet(TCP, this.options.host, it) }
        }
        val servers = places.map { Hawser.streamServer(it, this.options.server) }
        val endpoint = if (kind == SocketKind.Unix) places.single() else named(event)
        val server = StreamServer(endpoint, this.options.server, NamedBinder(folder, event, endpoint, servers))
        return MessageHub(server, event, options, listener)
    }

    /** A hub of the kind that is written [kind]; see [SocketKind.of]. */
    @JvmOverloads
    public fun createServer(kind: String, event: String, options: HubOptions = HubOptions()): MessageHub =
        createServer(SocketKind.of(kind), event, options)

    /**
     * A client of the hub of [event] on this machine, which connects once it is started. While there is none it tries again, as its
     * options say.
     *
     * @throws IllegalArgumentException if [event] is no name of an event, or the path of its socket is too long for one.
     * @throws IllegalStateException naming the artifact to add, if the transport is not there.
     */
    @JvmOverloads
    public fun createClient(kind: SocketKind, event: String, options: HubClientOptions = HubClientOptions()): HubClient {
        requireEventName(event)
        val via = { place: Endpoint -> Hawser.streamClient(place, this.options.client).connector }
        val (endpoint, remote) = when (kind) {
            SocketKind.Unix -> socketOf(event).let { it to via(it).remote }
            SocketKind.Tcp -> named(event) to InetSocketAddress.createUnresolved(event, 0)
        }
        val client = StreamClient(endpoint, this.options.client, NamedConnector(folder, event, endpoint, remote, via))
        return HubClient(client, event, options)
    }

    /** A client of the kind that is written [kind]; see [SocketKind.of]. */
    @JvmOverloads
    public fun createClient(kind: String, event: String, options: HubClientOptions = HubClientOptions()): HubClient =
        createClient(SocketKind.of(kind), event, options)

    override fun toString(): String = "hubs in ${options.socketDir}"

    private fun socketOf(event: String): Endpoint.Local = Endpoint.Local("unix", "${folder.socket(event)}")

    /** What stands for an address that is not known yet. */
    private fun named(event: String): Endpoint = Endpoint.Local("hub", event)

    private companion object {
        const val TCP = "tcp"
    }
}
