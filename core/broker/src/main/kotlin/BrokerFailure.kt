package io.hawser.broker

import io.hawser.Endpoint
import io.hawser.SocketFailure
import java.time.Duration
import java.util.UUID

/**
 * Why a request has no answer, or a client no place at a broker. What the network does to the connection of one that asks is a
 * [BrokerLost]; a cancelled caller gets its cancellation, and nothing else does.
 */
public sealed class BrokerFailure(message: String, cause: Throwable? = null) : SocketFailure(message, cause) {
    /** Whether a handler may have begun with the request: if not, to ask again does nothing twice. */
    public abstract val mayHaveRun: Boolean
}

/**
 * The provider on [channel] failed, and says so: what its handler threw has the [code] 0 and its message for a [reason], never its stack; what it
 * failed with on purpose is as it put it.
 */
public class RequestFailed(public val channel: UUID, public val code: Int, public val reason: String) :
    BrokerFailure("the provider of $channel failed" + (if (code == 0) ": " else " with $code: ") + reason) {
    override val mayHaveRun: Boolean get() = true
}

/** Nobody answers on [channel]. */
public class NoProvider(public val channel: UUID) : BrokerFailure("nobody answers on $channel") {
    override val mayHaveRun: Boolean get() = false
}

/** The provider on [channel] that the broker had chosen is gone. */
public class ProviderLost(public val channel: UUID) : BrokerFailure("the provider of $channel is gone") {
    override val mayHaveRun: Boolean get() = true
}

/** The request on [channel] had not been answered within [timeout]. [mayHaveRun] is false if it has not even left. */
public class RequestTimeout(public val channel: UUID, public val timeout: Duration, override val mayHaveRun: Boolean) :
    BrokerFailure("no answer on $channel within ${timeout.toMillis()} ms")

/** The broker takes no more, here on [channel]: [limit] tells of what. */
public class Overloaded(public val channel: UUID, public val limit: Limit) : BrokerFailure("the broker is full: $limit, on $channel") {
    /** What there is too much of. There may be more of them one day. */
    public enum class Limit(private val text: String) {
        /** Requests of the same connection. */
        RequestsOfConnection("requests of this connection"),

        /** Requests in all. */
        Requests("requests in all"),

        /** Bytes that wait to leave one connection. */
        BytesOfConnection("bytes for one connection"),

        /** Bytes that the broker holds. */
        Bytes("bytes in all"),

        /** Requests that wait for a provider. */
        Waiting("requests that wait for a provider"),

        /** Channels. */
        Channels("channels"),

        /** Registrations of the same connection. */
        Registrations("registrations of this connection"),

        /** Something else. */
        Other("something else"),
        ;

        override fun toString(): String = text
    }

    /** Bodies can be too much when the provider has got the beginning, and of what this version does not know nobody can tell. */
    override val mayHaveRun: Boolean get() = limit == Limit.BytesOfConnection || limit == Limit.Bytes || limit == Limit.Other
}

/** The connection to the broker at [endpoint] ended before the answer. [mayHaveRun] is false if the request has not left. */
public class BrokerLost(public val endpoint: Endpoint, override val mayHaveRun: Boolean, cause: Throwable?) :
    BrokerFailure("the connection to the broker at $endpoint ended before the answer", cause)

/** The broker at [endpoint] takes no new requests, because it shuts down. */
public class BrokerLeaving(public val endpoint: Endpoint) : BrokerFailure("the broker at $endpoint is shutting down") {
    override val mayHaveRun: Boolean get() = false
}

/** The broker at [endpoint] does not want this client as a [role] of [channel], and gives a [reason]. */
public class NotAdmitted(public val endpoint: Endpoint, public val role: Role, public val channel: UUID, public val reason: String) :
    BrokerFailure("the broker at $endpoint does not admit a ${role.name.lowercase()} of $channel: $reason") {
    override val mayHaveRun: Boolean get() = false
}

/** A body on [channel] is longer than the [limit] in bytes within which it was to be collected. */
public class BodyTooLarge(public val channel: UUID, public val limit: Int) : BrokerFailure("a body on $channel is over $limit bytes") {
    override val mayHaveRun: Boolean get() = true
}

/** The headers are longer than the [limit] in bytes that the broker at [endpoint] has set. */
public class HeadersTooLarge(public val endpoint: Endpoint, public val limit: Int) :
    BrokerFailure("the headers are over the $limit bytes that the broker at $endpoint takes") {
    override val mayHaveRun: Boolean get() = false
}

/** The broker at [endpoint] speaks no version that this client does: it says [detail]. */
public class VersionMismatch(public val endpoint: Endpoint, public val detail: String) :
    BrokerFailure("the broker at $endpoint speaks another version: $detail") {
    override val mayHaveRun: Boolean get() = false
}
