package io.hawser.broker.link

import io.hawser.ConnectTimeout
import io.hawser.Connection
import io.hawser.StreamClient
import io.hawser.broker.NotAdmitted
import io.hawser.broker.VersionMismatch
import io.hawser.broker.requirePositive
import io.hawser.broker.wire.Frame
import io.hawser.reconnect.LinkOptions
import io.hawser.reconnect.LinkState
import io.hawser.reconnect.LinkStopped
import io.hawser.reconnect.reconnecting
import io.hawser.transport.TransportApi
import io.hawser.transport.dispatched
import java.util.concurrent.atomic.AtomicInteger
import kotlin.time.Duration
import kotlin.time.toJavaDuration
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.CoroutineStart.UNDISPATCHED
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.flow.asStateFlow
import kotlinx.coroutines.flow.combine
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.launch
import kotlinx.coroutines.withTimeoutOrNull

/** A link to a broker that registers on each of its connections. */
@OptIn(TransportApi::class)
internal class Member<S : Session>(
    client: StreamClient,
    options: LinkOptions,
    private val begin: (Connection, Outbound, Frame.BrokerHello) -> S,
) {
    val link = client.reconnecting(options)
    private val sessions = MutableStateFlow<S?>(null)
    private val registered = MutableStateFlow(false)

    /** The session of the connection that there is, once it is registered. */
    val session: StateFlow<S?> = sessions.asStateFlow()

    /** Whether that may be asked. */
    val isRegistered: StateFlow<Boolean> = registered.asStateFlow()

    /** Why there was no connection, or what ended it, the last time that it was for a reason since it was registered. */
    @Volatile
    var lastFailure: Throwable? = null
        private set

    /** Of the last connection. */
    @Volatile
    var clock: () -> Long = System::nanoTime
        private set

    fun start(scope: CoroutineScope, registration: Registration) {
        link.start(scope) { connection ->
            clock = connection.transport.loop::nanoTime
            Membership(connection, registration, { outbound, hello -> begin(connection, outbound, hello) }, ::show).run()
        }
        scope.launch(start = UNDISPATCHED) {
            link.state.first { state ->
                if (state is LinkState.Waiting && state.cause != null) lastFailure = state.cause
                state is LinkState.Stopped
            }
        }
    }

    private fun show(session: S?) {
        val isRegistered = session?.isOpen == true
        if (isRegistered) lastFailure = null
        registered.value = isRegistered
        // Last: whoever has waited for it finds the rest as it is now.
        sessions.value = session
    }
}

/** The links over which the same can be asked, or answered. */
@OptIn(TransportApi::class)
internal class Members<S : Session>(private val all: List<Member<S>>) {
    private val turn = AtomicInteger()

    val lastFailure: Throwable? get() = all.firstNotNullOfOrNull { it.lastFailure }

    /** Whose instants can be compared for as long as somebody keeps it. */
    val clock: () -> Long get() = all.first().clock

    /** One that can be asked; they take turns. */
    fun current(): S? {
        val first = if (all.size == 1) 0 else turn.getAndIncrement()
        return all.indices.firstNotNullOfOrNull { index ->
            all[Math.floorMod(first + index, all.size)].session.value?.takeIf { it.isOpen }
        }
    }

    /**
     * Waits for one that can be asked; null if there is none within [timeout].
     *
     * @throws LinkStopped once none of the links connects any more.
     */
    suspend fun await(timeout: Duration): S? {
        // Held here, because a cancellation on the way back would drop it.
        var found: S? = null
        var hasStopped = false
        dispatched {
            withTimeoutOrNull(timeout) {
                combine(all.flatMap { listOf(it.session, it.link.state) }) {
                    found = current()
                    hasStopped = all.all { it.link.state.value is LinkState.Stopped }
                    found != null || hasStopped
                }.first { it }
            }
        }
        if (found == null && hasStopped) throw all.first().link.run { LinkStopped(endpoint, cause) }
        return found
    }

    /** @throws NotAdmitted or what else stopped the links, and ConnectTimeout after [timeout]. */
    suspend fun awaitRegistered(timeout: Duration) {
        requirePositive("timeout", timeout)
        try {
            if (await(timeout) == null) throw late(timeout)
        } catch (e: LinkStopped) {
            // Each who waits gets his own: what they suppress in it is their own affair.
            throw when (val cause = e.cause) {
                is NotAdmitted -> cause.run { NotAdmitted(endpoint, role, channel, reason) }
                is VersionMismatch -> cause.run { VersionMismatch(endpoint, detail) }
                else -> e
            }
        }
    }

    private fun late(timeout: Duration) = ConnectTimeout(all.first().link.endpoint, timeout.toJavaDuration()).also { late ->
        lastFailure?.let(late::addSuppressed)
    }
}
