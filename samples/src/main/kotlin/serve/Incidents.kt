package io.hawser.samples.serve

import io.hawser.ConnectFailed
import io.hawser.SocketFailure
import io.hawser.event.ConnectionEvent
import io.hawser.event.DatagramEvent
import io.hawser.event.ServerEvent
import io.hawser.event.SocketEvent
import org.slf4j.LoggerFactory

private val log = LoggerFactory.getLogger("io.hawser.samples.serve")

/** What an operator has to know. A peer that resets or vanishes is daily business. */
internal fun logUnusual(event: SocketEvent) {
    when (event) {
        is ServerEvent.AcceptFailed -> log.warn("cannot accept on {}: {}", event.address, event.cause.toString())

        is ConnectionEvent.Failed -> when (val cause = event.cause) {
            is ConnectFailed -> log.warn("{} is turned away: {}", event.remote, cause.message)
            is SocketFailure -> Unit
            else -> log.warn("{} failed: {}", event.remote, cause.toString())
        }

        is DatagramEvent.Failed -> if (event.cause !is SocketFailure) log.warn("{} failed: {}", event.peer, event.cause.toString())

        else -> Unit
    }
}
