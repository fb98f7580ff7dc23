package io.hawser.tls

import java.math.BigInteger
import java.nio.file.Path
import java.time.Instant

/** What became of a change in the files of a [TlsIdentity.watching]. */
public sealed interface TlsIdentityEvent {
    /** From now on handshakes have the certificate with [serial], of [certificate], which is valid until [notAfter]. */
    public data class Reloaded(public val certificate: Path, public val notAfter: Instant, public val serial: BigInteger) : TlsIdentityEvent

    /** What was found is of no use because of [cause], and handshakes go on with what they had. The same files are told of once. */
    public data class ReloadFailed(public val cause: InvalidTlsConfiguration) : TlsIdentityEvent {
        /** Whose fault it is. */
        public val file: Path? get() = cause.file
    }
}

/** Is told of changes, by those who want no flow. */
public fun interface TlsIdentityListener {
    /** Called in a thread where it may block, one event at a time and in their order. What it throws is logged, and nothing else. */
    public fun onEvent(event: TlsIdentityEvent)
}
