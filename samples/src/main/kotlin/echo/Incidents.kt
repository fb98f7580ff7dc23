package io.hawser.samples.echo

import io.hawser.SocketFailure
import io.hawser.event.ConnectionEvent
import io.hawser.event.ServerEvent
import io.hawser.event.SocketEvent
import org.slf4j.LoggerFactory

private val log = LoggerFactory.getLogger("io.hawser.samples.echo")

/** What an operator has to know. A peer that resets or vanishes is daily business. */
internal fun logUnusual(event: SocketEvent) {
    when (event) {
        is ServerEvent.AcceptFailed -> log.warn("cannot accept on {}: {}", event.address, event.cause.toString())
        is ConnectionEvent.Failed -> if (event.cause !is SocketFailure) log.warn("{} failed: {}", event.remote, event.cause.toString())
        else -> Unit
    }
}
