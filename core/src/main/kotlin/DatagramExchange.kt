package io.hawser

import io.hawser.transport.RawDatagrams
import io.hawser.transport.TransportApi
import java.net.SocketAddress
import java.nio.ByteBuffer
import kotlinx.coroutines.CoroutineScope

/** What the handler of a datagram can do: answer it, and launch what is awaited before it counts as handled. */
@OptIn(TransportApi::class)
public class DatagramExchange internal constructor(
    private val server: RunningDatagramServer,
    private val datagram: Datagram,
    scope: CoroutineScope,
) : CoroutineScope by scope {
    /**
     * Sends [bytes] to the sender of this very datagram, and returns whether they have left: over [DatagramServerOptions.replyRate] a
     * reply is dropped, which is counted and published. It may be called any number of times.
     *
     * It waits while the system has no room for it, as [DatagramSocket.send] does, but no longer than [DatagramServerOptions.replyTimeout]:
     * then it is dropped too. Cancelling it while it waits sends nothing.
     *
     * @throws ReplyImpossible if the datagram came from a socket without an address: see [Datagram.canReply].
     * @throws PeerUnreachable if the sender is gone.
     * @throws DatagramTooLarge before anything is sent.
     */
    public suspend fun reply(bytes: ByteArray): Boolean = server.reply(datagram, bytes)

    /** As [reply], by [attempt], which does what [RawDatagrams.send] does, and more. */
    @TransportApi
    public suspend fun reply(bytes: ByteArray, attempt: (ByteBuffer, SocketAddress) -> Boolean): Boolean =
        server.reply(datagram, bytes, attempt)

    /** The server's socket as its transport sees it. */
    @TransportApi
    public val transport: RawDatagrams get() = server.transport

    /** Sends [bytes] to [target] from the server's address, whoever that is. */
    public suspend fun send(bytes: ByteArray, target: SocketAddress): Unit = server.send(bytes, target)
}
