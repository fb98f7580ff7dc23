package io.hawser.event

import io.hawser.SocketFailure
import io.hawser.reconnect.LinkState
import org.slf4j.Logger
import org.slf4j.event.Level
import org.slf4j.event.Level.DEBUG
import org.slf4j.event.Level.INFO
import org.slf4j.event.Level.TRACE
import org.slf4j.event.Level.WARN

/**
 * Logs events through SLF4J: `ServerOptions { onEvent(EventLogger(LoggerFactory.getLogger("sockets"))) }`.
 *
 * At WARN what an operator should see to: connections that cannot be accepted, hooks that fail, and handlers that fail with something
 * else than a [SocketFailure]. At INFO a server's life and whom it refuses, and when a link waits or has stopped, at DEBUG the lives and
 * failures of connections, at TRACE their bytes.
 */
public class EventLogger(private val logger: Logger) : EventListener {
    override fun onEvent(event: SocketEvent) {
        val builder = logger.atLevel(event.level())
        val cause = when (event) {
            is ConnectionEvent.Failed -> event.cause
            is ServerEvent.AcceptFailed -> event.cause
            is DatagramEvent.Failed -> event.cause
            is LinkEvent.HookFailed -> event.cause
            else -> null
        }
        (if (cause == null) builder else builder.setCause(cause)).log("{}", event)
    }

    private fun SocketEvent.level(): Level = when (this) {
        // Who could not connect was told, or has cancelled it.
        is ConnectionEvent.Failed -> if (cause is SocketFailure || local == null) DEBUG else WARN

        is ConnectionEvent.Read, is ConnectionEvent.Written -> TRACE

        is ConnectionEvent -> DEBUG

        is DatagramEvent.Failed -> if (cause is SocketFailure) DEBUG else WARN

        is DatagramEvent.Received, is DatagramEvent.Sent -> TRACE

        is DatagramEvent -> DEBUG

        is ServerEvent.AcceptFailed, is LinkEvent.HookFailed -> WARN

        is LinkEvent.StateChanged -> if (state is LinkState.Waiting || state is LinkState.Stopped) INFO else DEBUG

        is ServerEvent -> INFO
    }
}
