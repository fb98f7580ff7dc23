package io.hawser

import io.hawser.transport.TransportApi
import java.io.IOException
import java.time.Duration

/**
 * The root of everything that can go wrong with a socket. Each failure carries its facts in typed fields and names the endpoint
 * in its message; the operating system's own words, where there are any, are in the [cause].
 *
 * Wrong use is not a socket failure: it is an [IllegalArgumentException] or [IllegalStateException]. A
 * [kotlinx.coroutines.CancellationException] always means that the caller was cancelled.
 */
public abstract class SocketFailure(message: String, cause: Throwable? = null) : IOException(message, cause)

/**
 * No connection to [endpoint], for a [reason]. Where several addresses were tried, each one's failure is suppressed in this one, as a
 * ConnectFailed that names the address, and the first one's cause is the [cause].
 */
public open class ConnectFailed @TransportApi constructor(
    public val endpoint: Endpoint,
    public val reason: Reason,
    detail: String,
    cause: Throwable?,
) : SocketFailure("cannot connect to $endpoint: $detail", cause) {
    /** What [cause] says, and the reason it gives. */
    @OptIn(TransportApi::class)
    public constructor(endpoint: Endpoint, cause: Throwable) : this(endpoint, cause.connectReason(), cause.describe(), cause)

    /** Why there is no connection. There may be more of them one day. */
    public enum class Reason {
        /** Nobody listens there, or a firewall says so. */
        Refused,

        /** There is no way to the host. */
        HostUnreachable,

        /** There is no way to the network. */
        NetworkUnreachable,

        /** The name could not be looked up, or has no address of the family that was asked for. */
        UnknownHost,

        /** There is no socket of that name on this machine. */
        NoSuchName,

        /** What has that name is no socket of the kind that was asked for: a file, a folder, one for datagrams and not for streams. */
        WrongKind,

        /** No address or port of this machine can be used for it. */
        AddressNotAvailable,

        /** The system does not allow it. */
        NotPermitted,

        /** Nobody answered in time. */
        TimedOut,

        /** What else there is: see the cause. */
        Other,
    }
}

/** No connection to [endpoint] within [timeout], over all its addresses; what had failed until then is suppressed in it. */
@OptIn(TransportApi::class)
public class ConnectTimeout(endpoint: Endpoint, public val timeout: Duration) :
    ConnectFailed(endpoint, Reason.TimedOut, "nobody answered within ${timeout.toMillis()} ms", cause = null)

/** The layers of the connection to [endpoint], such as TLS, had not shaken hands within [timeout]; it has been aborted. */
public class HandshakeTimeout(public val endpoint: Endpoint, public val timeout: Duration) :
    SocketFailure("the handshake with $endpoint took longer than ${timeout.toMillis()} ms")

/** No byte came from [endpoint] for [timeout] while a read waited. The connection goes on, and nothing is lost: read again. */
public class ReadTimeout(public val endpoint: Endpoint, public val timeout: Duration) :
    SocketFailure("$endpoint sent nothing for ${timeout.toMillis()} ms")

/** [endpoint] took no byte for [timeout] while a write waited. The connection has been aborted, because the write had begun. */
public class WriteTimeout(public val endpoint: Endpoint, public val timeout: Duration) :
    SocketFailure("$endpoint took nothing for ${timeout.toMillis()} ms")

/** No byte went to or came from [endpoint] for [timeout]. The connection has been closed. */
public class IdleTimeout(public val endpoint: Endpoint, public val timeout: Duration) :
    SocketFailure("nothing went to or came from $endpoint for ${timeout.toMillis()} ms")

/** A whole exchange with [endpoint], from connecting to the answer, was not over within [timeout]. The connection has been closed. */
public class ExchangeTimeout(public val endpoint: Endpoint, public val timeout: Duration) :
    SocketFailure("the exchange with $endpoint was not over within ${timeout.toMillis()} ms")

/** [endpoint] cannot be listened on, for a [reason]. */
public class BindFailed @TransportApi constructor(
    public val endpoint: Endpoint,
    public val reason: Reason,
    detail: String,
    cause: Throwable?,
) : SocketFailure("cannot listen on $endpoint: $detail", cause) {
    /** What [cause] says, and the reason it gives. */
    @OptIn(TransportApi::class)
    public constructor(endpoint: Endpoint, cause: Throwable) : this(endpoint, cause.bindReason(), cause.describe(), cause)

    /** Why it cannot be listened on. There may be more of them one day. */
    public enum class Reason {
        /** Somebody else listens there. */
        AddressInUse,

        /** Something else has the name, and it is not for us to remove: a file, a folder, a symbolic link, another user's socket. */
        NameTaken,

        /** It is no address of this machine. */
        AddressNotAvailable,

        /** The system does not allow it, as with ports below 1024. */
        NotPermitted,

        /** The name could not be looked up, or has no address of the family that was asked for. */
        UnknownHost,

        /** What else there is: see the cause. */
        Other,
    }
}

/** There are no sockets of the kind of [endpoint] on this [platform]: it is asked for in vain wherever it is asked for. */
public class UnsupportedTransport private constructor(public val endpoint: Endpoint, public val platform: String, cause: Throwable) :
    SocketFailure("$endpoint is not supported on $platform: ${cause.describe()}", cause) {
    /** On the platform that this is, as [cause] says. */
    public constructor(endpoint: Endpoint, cause: Throwable) : this(endpoint, platform(), cause)

    private companion object {
        fun platform(): String {
            val (system, version, machine, java) = listOf("os.name", "os.version", "os.arch", "java.version").map(System::getProperty)
            return "$system $version ($machine) with Java $java"
        }
    }
}

/** The connection to [endpoint] broke and neither side ended it: the network went, or a timeout of the kernel fired. */
public open class ConnectionLost internal constructor(
    public val endpoint: Endpoint,
    message: String,
    cause: Throwable?,
) : SocketFailure(message, cause) {
    /** It was lost because of [cause]. */
    public constructor(endpoint: Endpoint, cause: Throwable) :
        this(endpoint, "connection to $endpoint was lost: ${cause.describe()}", cause)
}

/** The peer reset the connection to [endpoint]. Bytes in flight in either direction, arrived but unread ones too, may be lost. */
public class ConnectionReset @JvmOverloads constructor(endpoint: Endpoint, cause: Throwable? = null) :
    ConnectionLost(endpoint, "connection to $endpoint was reset by the peer", cause)

/** The connection to [endpoint] has been closed on this side, for [reason]. */
public class ConnectionClosed(public val endpoint: Endpoint, public val reason: CloseReason) :
    SocketFailure("connection to $endpoint is closed: $reason", (reason as? CloseReason.Failure)?.cause)

/**
 * [endpoint] had sent [size] bytes that nobody had asked for when the connection was to be upgraded: whoever sits between could have put
 * them there, to be taken for what comes after the upgrade (CVE-2011-0411). The connection has been closed.
 */
public class UnreadInput(public val endpoint: Endpoint, public val size: Int) :
    SocketFailure("$endpoint sent $size bytes ahead of the upgrade that nobody had asked for")

/** The stream from [endpoint] ended in the middle of something, after [received] bytes of what was [expected]. */
public class UnexpectedEnd(public val endpoint: Endpoint, public val received: Int, public val expected: String) :
    SocketFailure("$endpoint ended the stream after $received bytes of $expected")

/**
 * What [endpoint] sends, or is to be sent, is longer than the [limit] in bytes that this side set. What it sends stays unread; of what it
 * is to be sent nothing has left.
 */
public class FrameTooLarge private constructor(message: String, public val endpoint: Endpoint, public val limit: Int) :
    SocketFailure(message) {
    /** [endpoint] sends [what]: "a line". */
    public constructor(endpoint: Endpoint, limit: Int, what: String) :
        this("$endpoint sent $what over the limit of $limit bytes", endpoint, limit)

    public companion object {
        /** [what] was to be sent to [endpoint]: "a line of 2000 bytes". */
        @JvmStatic
        public fun toSend(endpoint: Endpoint, limit: Int, what: String): FrameTooLarge =
            FrameTooLarge("$what for $endpoint is over the limit of $limit bytes", endpoint, limit)
    }
}

/** A datagram of [size] bytes is over the [limit] of what can be sent to [endpoint]. Nothing was sent. */
public class DatagramTooLarge @JvmOverloads constructor(
    public val endpoint: Endpoint,
    public val size: Int,
    public val limit: Int,
    cause: Throwable? = null,
) : SocketFailure("a datagram of $size bytes for $endpoint is over the limit of $limit bytes", cause)

/**
 * Nobody receives at [endpoint]. Of UDP it is the last thing known, and may be about an earlier datagram: the answer of the peer's host
 * (ICMP port unreachable, RFC 792; RFC 1122, section 4.1.3.3). The socket goes on working.
 */
public class PeerUnreachable @JvmOverloads constructor(public val endpoint: Endpoint, cause: Throwable? = null) :
    SocketFailure("nobody receives at $endpoint", cause)

/** The datagram that [endpoint] got came from a socket without an address: it cannot be answered. */
public class ReplyImpossible(public val endpoint: Endpoint) :
    SocketFailure("a datagram to $endpoint came from a socket that has no address and cannot be answered")

/** The socket of datagrams at [endpoint] has been closed on this side. */
public class SocketClosed(public val endpoint: Endpoint) : SocketFailure("the socket at $endpoint is closed")

/** Sending or receiving at [endpoint] failed; the socket goes on working as far as the system lets it. */
public class DatagramFailed(public val endpoint: Endpoint, cause: Throwable) :
    SocketFailure("a datagram at $endpoint failed: ${cause.describe()}", cause)

/** What [endpoint] sent is no frame. */
public class MalformedFrame @JvmOverloads constructor(public val endpoint: Endpoint, detail: String, cause: Throwable? = null) :
    SocketFailure("$endpoint sent a malformed frame: $detail", cause) {
    /** [cause] came up where the frame was decoded. */
    public constructor(endpoint: Endpoint, cause: Throwable) : this(endpoint, cause.describe(), cause)
}

/** The event loop [loop] has been closed or has died of the [cause], and what lived on it is gone. */
public class EventLoopClosed(public val loop: String, cause: Throwable? = null) :
    SocketFailure(if (cause == null) "event loop $loop is closed" else "event loop $loop died: ${cause.describe()}", cause)
