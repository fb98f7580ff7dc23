package io.hawser.tls

import io.hawser.Endpoint
import io.hawser.SocketFailure

/** What goes wrong with TLS, as opposed to the connection under it. */
public sealed class TlsFailure(
    /** The peer. */
    public val endpoint: Endpoint,
    message: String,
    cause: Throwable?,
) : SocketFailure(message, cause)

/** The handshake with [endpoint] failed for a [reason]: nothing was sent or received. The peer was told by an alert where it can be. */
public class TlsHandshakeFailed internal constructor(
    endpoint: Endpoint,
    public val reason: Reason,
    detail: String,
    cause: Throwable? = null,
) :
    TlsFailure(endpoint, "the TLS handshake with $endpoint failed: $detail", cause) {

    /** Why it failed. There may be more of them one day. */
    public enum class Reason {
        /** The peer speaks something else, or nothing that belongs there. */
        NotTls,

        /** The peer's certificate does not have the name that was asked for. */
        WrongHost,

        /** The peer's certificate was not issued by anybody who is trusted. */
        UnknownAuthority,

        /** The peer's certificate is out of date. */
        Expired,

        /** The peer's certificate is not valid yet. */
        NotYetValid,

        /** The peer's certificate is not the pinned one. */
        NotPinned,

        /** What else is wrong with the peer's certificate: what it is for, how it was signed, a key that is too weak. */
        BadCertificate,

        /** The peer was asked for a certificate and has none. */
        NoCertificate,

        /** There is no protocol version, suite or group that both sides allow. */
        NothingInCommon,

        /** The peer has refused: see the alert in the message. */
        RefusedByPeer,

        /** The peer closed the connection in the middle of it. */
        Ended,

        /** What else there is: see the cause. */
        Other,
    }
}

/**
 * The connection to [endpoint] ended without the `close_notify` that ends TLS: somebody may have cut off what was to follow (RFC 8446,
 * section 6.1). Where a protocol says by itself when it is over, [TlsOptions.acceptTruncation] makes it an ordinary end.
 */
public class TlsTruncated internal constructor(endpoint: Endpoint) :
    TlsFailure(endpoint, "$endpoint ended the connection without ending TLS: what it sent may have been cut off", null)

/**
 * What came from [endpoint] after the handshake is not what it may send: it was altered on the way, is an alert, or asks for what is
 * refused. The connection is over.
 */
public class TlsBroken internal constructor(endpoint: Endpoint, detail: String, cause: Throwable? = null) :
    TlsFailure(endpoint, "TLS with $endpoint broke: $detail", cause)
