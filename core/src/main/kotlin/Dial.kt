package io.hawser

import io.hawser.event.Events
import kotlin.time.Duration
import kotlinx.coroutines.flow.StateFlow

/** How a client makes connections and how they live, where that need not be as its [options] say, and who is told of them. */
internal class Dial(
    private val options: ClientOptions,
    val events: Events,
    val socket: SocketOptions = options.socket,
    val connectTimeout: Duration = options.connectTimeout,
    val handshakeTimeout: Duration = options.handshakeTimeout,
    private val writeTimeout: Duration = options.writeTimeout,
    private val draining: StateFlow<Boolean> = Terms.never,
) {
    fun terms(id: Long): Terms =
        Terms(options, id, events, announcesEnd = true, draining, writeTimeout = writeTimeout, handshakeTimeout = handshakeTimeout)
}
