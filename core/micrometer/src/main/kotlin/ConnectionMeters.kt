package io.hawser.micrometer

import io.hawser.CloseReason
import io.hawser.ConnectFailed
import io.hawser.ConnectionLost
import io.hawser.ConnectionReset
import io.hawser.ExchangeTimeout
import io.hawser.HandshakeTimeout
import io.hawser.IdleTimeout
import io.hawser.ReadTimeout
import io.hawser.SocketFailure
import io.hawser.WriteTimeout
import io.hawser.event.ConnectionEvent
import io.micrometer.core.instrument.Clock
import java.util.concurrent.ConcurrentHashMap
import java.util.concurrent.TimeUnit.NANOSECONDS
import kotlinx.coroutines.CancellationException

/** Meters that are told of what happens to connections, where it happens; their names begin with [prefix]. Any thread. */
internal class ConnectionMeters(private val meters: Meters, private val prefix: String) {
    private val clock: Clock = meters.registry.config().clock()

    /** When they began to connect, and when they were connected. */
    private val dialing = ConcurrentHashMap<Long, Long>()
    private val open = ConcurrentHashMap<Long, Long>()
    private val connect by lazy { meters.timer("$prefix.connect", "From the beginning of a connect to its end, layers included") }
    private val lifetimes = ENDS.associateWith {
        meters.timer("$prefix.lifetime", "How long connections were open, by why they were closed", "reason", it)
    }
    private val failures = FAILURES.associateWith {
        meters.count("$prefix.failures", "failures", "Connections that could not be made or went wrong", "reason", it)
    }

    /** For clients: how long it takes to connect. */
    fun timingConnects(): ConnectionMeters = apply { connect }

    fun record(event: ConnectionEvent) {
        when (event) {
            is ConnectionEvent.Dialing -> dialing[event.id] = clock.monotonicTime()

            is ConnectionEvent.Opened -> {
                val now = clock.monotonicTime()
                dialing.remove(event.id)?.let { connect.record(now - it, NANOSECONDS) }
                open[event.id] = now
            }

            is ConnectionEvent.Failed -> {
                dialing.remove(event.id)
                failures.getValue(event.cause.asReason()).increment()
            }

            is ConnectionEvent.Closed ->
                open.remove(event.id)?.let { lifetimes.getValue(event.reason.asTag()).record(clock.monotonicTime() - it, NANOSECONDS) }

            else -> Unit
        }
    }

    private companion object {
        val ENDS = listOf("peer", "local", "reset", "timeout", "failure")
        val FAILURES = ConnectFailed.Reason.entries.map { it.name.asTag() } +
            listOf("handshake_timeout", "timeout", "reset", "lost", "socket", "cancelled", "handler")

        fun CloseReason.asTag(): String = when (this) {
            CloseReason.Peer -> "peer"
            CloseReason.Local -> "local"
            CloseReason.Reset -> "reset"
            is CloseReason.Timeout -> "timeout"
            is CloseReason.Failure -> "failure"
        }

        fun Throwable.asReason(): String = when (this) {
            is ConnectFailed -> reason.name.asTag()
            is HandshakeTimeout -> "handshake_timeout"
            is ReadTimeout, is WriteTimeout, is IdleTimeout, is ExchangeTimeout -> "timeout"
            is ConnectionReset -> "reset"
            is ConnectionLost -> "lost"
            is SocketFailure -> "socket"
            is CancellationException -> "cancelled"
            else -> "handler"
        }
    }
}
