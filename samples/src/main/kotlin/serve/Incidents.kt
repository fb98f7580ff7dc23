package io.hawser.samples.serve

import io.hawser.SocketFailure
import io.hawser.event.ConnectionEvent
import io.hawser.event.DatagramEvent
import io.hawser.event.ServerEvent
import io.hawser.event.SocketEvent
import io.hawser.samples.relay.TurnedAway
import io.hawser.tls.TlsFailure
import io.hawser.tls.TlsIdentityEvent
import org.slf4j.LoggerFactory

private val log = LoggerFactory.getLogger("io.hawser.samples.serve")

/** What an operator has to know. A peer that resets or vanishes is daily business. */
internal fun logUnusual(event: SocketEvent) {
    when (event) {
        is ServerEvent.AcceptFailed -> log.warn("cannot accept on {}: {}", event.address, event.cause.toString())

        is ConnectionEvent.Failed -> when (val cause = event.cause) {
            is TurnedAway -> log.warn("{} is turned away: {}", event.remote, cause.message)
            is TlsFailure -> log.debug("{}: {}", event.remote, cause.message)
            is SocketFailure -> Unit
            else -> log.warn("{} failed: {}", event.remote, cause.toString())
        }

        is DatagramEvent.Failed -> if (event.cause !is SocketFailure) log.warn("{} failed: {}", event.peer, event.cause.toString())

        else -> Unit
    }
}

/** What has become of a change in the files of a certificate. */
internal fun logChange(event: TlsIdentityEvent) {
    when (event) {
        is TlsIdentityEvent.Reloaded -> log.info(
            "{} was read again: number {}, valid until {}",
            event.certificate,
            event.serial,
            event.notAfter,
        )

        is TlsIdentityEvent.ReloadFailed -> log.warn("the certificate stays as it was: {}", event.cause.message)
    }
}
