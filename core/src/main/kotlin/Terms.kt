package io.hawser

import io.hawser.event.ConnectionEvent
import io.hawser.event.Events
import io.hawser.rate.SharedRates
import io.hawser.rate.Throttle
import io.hawser.rate.Throttled
import io.hawser.transport.RawStream
import io.hawser.transport.TransportApi
import java.util.concurrent.atomic.AtomicLong
import kotlin.time.Duration
import kotlin.time.Duration.Companion.INFINITE
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.flow.asStateFlow

/** What the server or the client that a connection belongs to has decided about it. */
internal class Terms(
    val id: Long = nextId(),
    val events: Events? = null,
    /** Whether the connection itself publishes its end: a server does so when the descriptor is free. */
    val announcesEnd: Boolean = false,
    val draining: StateFlow<Boolean> = never,
    val readTimeout: Duration = INFINITE,
    val writeTimeout: Duration = INFINITE,
    val idleTimeout: Duration = INFINITE,
    val closeTimeout: Duration = CLOSE_TIMEOUT,
    val handshakeTimeout: Duration = INFINITE,
    val throttle: Throttle? = null,
) {
    constructor(
        options: ConnectionOptions,
        id: Long,
        events: Events,
        announcesEnd: Boolean,
        draining: StateFlow<Boolean> = never,
        writeTimeout: Duration = options.writeTimeout,
        handshakeTimeout: Duration = options.handshakeTimeout,
        shared: SharedRates? = null,
    ) : this(
        id,
        events,
        announcesEnd,
        draining,
        options.readTimeout,
        writeTimeout,
        options.idleTimeout,
        options.closeTimeout,
        handshakeTimeout,
        Throttle.of(options, shared),
    )

    /** Of those that are looked at while it lives, or infinite. */
    val firstTimeout: Duration get() = minOf(readTimeout, writeTimeout, idleTimeout)

    /** [stream] as fast as it may be. */
    @OptIn(TransportApi::class)
    fun throttled(stream: RawStream): RawStream = if (throttle == null) {
        stream
    } else {
        Throttled(stream, throttle) { direction ->
            events?.publish { ConnectionEvent.Throttled(id, stream.local, stream.remote, direction) }
        }
    }

    /** Does [block] without being held back, and without counting what it moves. */
    inline fun <T> unheld(block: () -> T): T = if (throttle == null) block() else throttle.unheld(block)

    companion object {
        val never: StateFlow<Boolean> = MutableStateFlow(false).asStateFlow()
        private val ids = AtomicLong()

        val CLOSE_TIMEOUT: Duration = 1.seconds

        /** Tells connections of this process apart; never given twice. */
        fun nextId(): Long = ids.incrementAndGet()
    }
}
