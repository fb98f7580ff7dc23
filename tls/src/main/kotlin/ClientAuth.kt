package io.hawser.tls

/** Whether a server asks its clients for a certificate. One that is given has to be trusted in any case. */
public enum class ClientAuth {
    /** Clients are not asked. */
    None,

    /** Clients are asked, and come in without as well; [TlsSession.peerCertificates] tells. */
    Optional,

    /** Who has none is turned away. */
    Required,
}
