package io.hawser.testkit.reconnect

import io.hawser.ClientOptions
import io.hawser.event.LinkEvent
import io.hawser.reconnect.LinkState
import io.hawser.reconnect.ReconnectingClient
import io.hawser.testkit.Memory
import io.hawser.testkit.VirtualTime
import io.hawser.transport.TransportApi
import kotlin.time.Duration
import kotlinx.coroutines.CoroutineStart.UNDISPATCHED
import kotlinx.coroutines.launch

/** A client of whoever listens on [name] by then. */
@OptIn(TransportApi::class)
internal fun VirtualTime.clientOf(name: String, options: ClientOptions = ClientOptions()) = Memory.client(name, loop, options)

/** A server on [name]. */
@OptIn(TransportApi::class)
internal fun VirtualTime.serverOn(name: String) = Memory.server(loop, name = name)

/** The states of [link] from now on, but for waits that are not decided yet, each with the time when it came, until the link stops. */
internal fun VirtualTime.statesOf(link: ReconnectingClient): List<Pair<Duration, LinkState>> {
    val states = mutableListOf<Pair<Duration, LinkState>>()
    launch(start = UNDISPATCHED) {
        link.events.collect { event ->
            val state = (event as? LinkEvent.StateChanged)?.state ?: return@collect
            if (state !is LinkState.Waiting || state.delay.isFinite()) states += elapsed to state
        }
    }
    return states
}
