package io.hawser.tls

/** An identity that can be exchanged while servers and clients use it: the handshakes that begin from then on have [identity]. Any thread. */
internal class ReloadableIdentity(@Volatile var identity: TlsIdentity) : TlsIdentity() {
    override fun current(): Material = identity.current()

    override suspend fun refreshed(): Material = identity.refreshed()

    override fun toString(): String = "reloadable: $identity"
}
