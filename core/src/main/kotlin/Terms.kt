package io.hawser

import io.hawser.event.Events
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
) {
    constructor(
        options: ConnectionOptions,
        id: Long,
        events: Events,
        announcesEnd: Boolean,
        draining: StateFlow<Boolean> = never,
        writeTimeout: Duration = options.writeTimeout,
        handshakeTimeout: Duration = options.handshakeTimeout,
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
    )

    /** Of those that are looked at while it lives, or infinite. */
    val firstTimeout: Duration get() = minOf(readTimeout, writeTimeout, idleTimeout)

    companion object {
        val never: StateFlow<Boolean> = MutableStateFlow(false).asStateFlow()
        private val ids = AtomicLong()

        val CLOSE_TIMEOUT: Duration = 1.seconds

        /** Tells connections of this process apart; never given twice. */
        fun nextId(): Long = ids.incrementAndGet()
    }
}
