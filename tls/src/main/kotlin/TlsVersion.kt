package io.hawser.tls

/** A version of the protocol. Older ones are broken (RFC 8996) and not to be had. */
public enum class TlsVersion(
    /** As the JDK and [TlsSession.protocol] have it. */
    public val protocol: String,
) {
    /** RFC 5246. */
    TLS12("TLSv1.2"),

    /** RFC 8446. */
    TLS13("TLSv1.3"),
}
