package io.hawser.transport

import io.hawser.Admission
import io.hawser.Attributes
import io.hawser.Endpoint
import java.net.SocketAddress
import java.nio.ByteBuffer

/**
 * A socket of datagrams as a transport sees it: non-blocking calls, and waits for readiness between them.
 *
 * [receive] and [awaitReadable] are called by one coroutine at a time, [send] and [awaitSendable] by any number at once, all of them from
 * any thread; [close] and [wakeReader] come from any thread at any time.
 *
 * Failures are [java.io.IOException]s, typed as [io.hawser.SocketFailure] where the transport knows the type. None of them ends the socket:
 * the next call may succeed. After [close] every pending and later call fails with [java.nio.channels.ClosedChannelException].
 */
@TransportApi
public interface RawDatagrams : AutoCloseable {
    /** The loop this socket lives on. */
    public val loop: Loop

    /** Our address, the same for the socket's whole life; [Unnamed] where it has none. */
    public val local: SocketAddress

    /** The peer, if it has only one. */
    public val remote: SocketAddress?

    /** [local] as events, failures and people name it. */
    public val endpoint: Endpoint

    /** Whom the transport itself does not listen to, before a server's own rules are asked. */
    public val admission: Admission get() = Admission.everyone

    /** [address] as failures name it. */
    public fun endpointOf(address: SocketAddress): Endpoint

    /** The most bytes of a datagram that [target] may be sent. */
    public fun limitTo(target: SocketAddress): Int

    /**
     * Moves one datagram into [target], as much of it as there is room for, and returns who sent it, [Unnamed] where that cannot be
     * answered; null when there is none yet.
     *
     * @throws io.hawser.PeerUnreachable once for each time that a peer was found out not to be there.
     */
    public fun receive(target: ByteBuffer): SocketAddress?

    /** What came along with the bytes that the last [receive] moved, for the one who called it. */
    public val attributes: Attributes get() = Attributes.none

    /**
     * Sends [source] to [target] as one datagram, all of it or nothing. Returns false if it has to wait until [awaitSendable].
     *
     * @throws io.hawser.PeerUnreachable if nobody is there.
     * @throws io.hawser.DatagramTooLarge if the system says so.
     */
    public fun send(source: ByteBuffer, target: SocketAddress): Boolean

    /**
     * Suspends until [receive] has something to say, or until [wakeReader]; it may also return without a cause. Cancelling loses nothing.
     */
    public suspend fun awaitReadable()

    /** Has the pending [awaitReadable], or else the next one, return although nothing came. Any thread. */
    public fun wakeReader()

    /** Suspends until it is worth trying to [send] to [target] again, which was in vain [attempts] times. Cancelling changes nothing. */
    public suspend fun awaitSendable(target: SocketAddress, attempts: Int)

    /** Closes the socket without waiting for anybody; what has been sent is on its way. Idempotent. */
    override fun close()

    /** Suspends until the socket has been closed and its address can be bound again. */
    public suspend fun awaitClosed()

    /** Where nobody can be answered at: the address of a socket that has none. */
    public object Unnamed : SocketAddress() {
        private const val serialVersionUID = 1L

        override fun toString(): String = ""

        private fun readResolve(): Any = Unnamed
    }
}

/** Opens the socket of a client, or that of a server. Whoever it fails or is cancelled on holds nothing. */
@TransportApi
public fun interface DatagramOpener {
    /**
     * Returns one that is open, and the caller's to close.
     *
     * @throws io.hawser.SocketFailure a [io.hawser.BindFailed] or [io.hawser.ConnectFailed].
     */
    public suspend fun open(): RawDatagrams
}
