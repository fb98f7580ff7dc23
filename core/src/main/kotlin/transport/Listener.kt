package io.hawser.transport

import io.hawser.Admission
import io.hawser.CloseReason
import io.hawser.ConnectFailed
import io.hawser.ConnectionClosed
import io.hawser.Endpoint
import io.hawser.HandshakeTimeout
import io.hawser.KotlinOnly
import io.hawser.SocketOptions
import java.io.IOException
import java.net.SocketAddress
import java.nio.channels.ClosedChannelException
import kotlin.time.Duration
import kotlin.time.toJavaDuration
import kotlinx.coroutines.withTimeoutOrNull

/** A bound, listening socket of a stream transport. */
@TransportApi
public interface Listener : AutoCloseable {
    /** The loop that accepts. */
    public val loop: Loop

    /** Where it listens, with the real port. */
    public val address: SocketAddress

    /** [address] as events, failures and people name it. */
    public val endpoint: Endpoint

    /** Whom the transport itself turns away, before the server's own rules are asked. */
    public val admission: Admission get() = Admission.everyone

    /**
     * Suspends until somebody has connected, and returns the stream, which belongs to the caller. Cancelling loses nobody: who
     * came is there for the next call.
     *
     * @throws AcceptedInVain if this one came and could not be used; the next call is not affected.
     * @throws java.io.IOException if nobody could be accepted; a later call may succeed.
     * @throws java.nio.channels.ClosedChannelException once the listener is closed.
     * @throws io.hawser.EventLoopClosed when its loop is gone: no later call will succeed.
     */
    public suspend fun accept(): RawStream

    /** Stops listening, from any thread; a waiting [accept] fails. Idempotent. */
    override fun close()

    /** Suspends until the listener has been closed and its address can be bound again. */
    public suspend fun awaitClosed()
}

/** Opens a stream for a client. Whoever it fails or is cancelled on holds nothing. */
@TransportApi
public interface Connector {
    /** Whom it connects to, before a name is looked up. */
    public val remote: SocketAddress

    /**
     * Opens a socket with the options [socket], which may be others for each one.
     *
     * Where there are several addresses, [failed] is told of each that did not answer, as soon as it is known: whoever gives up before
     * the last one has answered can say what there was.
     *
     * @throws io.hawser.ConnectFailed when there is nobody to talk to.
     */
    public suspend fun connect(socket: SocketOptions, failed: (ConnectFailed) -> Unit): RawStream
}

/** A connector to [remote] that does [open]. */
@TransportApi
@KotlinOnly
public fun Connector(
    remote: SocketAddress,
    open: suspend (socket: SocketOptions, failed: (ConnectFailed) -> Unit) -> RawStream,
): Connector = object : Connector {
    override val remote = remote

    override suspend fun connect(socket: SocketOptions, failed: (ConnectFailed) -> Unit): RawStream = open(socket, failed)
}

/** Opens the listener of a server. */
@TransportApi
public fun interface Binder {
    /**
     * Returns one that listens, and is the caller's to close. Cancelling it leaves nothing open.
     *
     * @throws io.hawser.BindFailed when the address cannot be had.
     */
    public suspend fun bind(): Listener
}

/**
 * Puts something between a connection and its transport: TLS, a fault, a meter.
 *
 * Servers run their layers in the connection's own coroutine, before its handler; clients inside `connect`.
 */
@TransportApi
public fun interface Layer {
    /**
     * Returns a stream over [inner] and takes it over: closing the outer one closes it. Whoever called closes [inner] when this
     * throws: politely after an [IOException], so that the peer still gets what the layer told it before, and with a reset otherwise.
     */
    public suspend fun wrap(inner: RawStream): RawStream
}

/**
 * Puts these layers over [stream], the first one innermost.
 *
 * @throws HandshakeTimeout if they all together take longer than [timeout].
 */
@TransportApi
internal suspend fun List<Layer>.wrap(stream: RawStream, timeout: Duration): RawStream {
    if (isEmpty()) return stream
    var outermost = stream
    try {
        withTimeoutOrNull(timeout) {
            for (layer in this@wrap) outermost = layer.wrap(outermost)
            outermost
        } ?: throw HandshakeTimeout(stream.endpoint, timeout.toJavaDuration())
        return outermost
    } catch (e: Throwable) {
        outermost.giveUp(e)
        // Nobody but our own side closes it beneath them: a server that ends, for instance.
        throw if (e is ClosedChannelException) ConnectionClosed(stream.endpoint, CloseReason.Local) else e
    }
}

/** Ends a stream that cannot be used because of [cause]. A reset would destroy what a layer that failed has just told the peer. */
@TransportApi
internal fun RawStream.giveUp(cause: Throwable) {
    if (cause is IOException && cause !is HandshakeTimeout) close() else abort()
}
