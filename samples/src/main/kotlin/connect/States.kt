package io.hawser.samples.connect

import io.hawser.Endpoint
import io.hawser.event.EventListener
import io.hawser.event.LinkEvent
import io.hawser.event.SocketEvent
import io.hawser.reconnect.LinkState
import io.hawser.samples.cli.Console
import io.hawser.samples.cli.inOneLine
import java.util.Locale
import java.util.concurrent.CountDownLatch
import java.util.concurrent.TimeUnit.MILLISECONDS
import kotlin.time.Duration
import kotlin.time.Duration.Companion.seconds
import kotlin.time.DurationUnit.SECONDS

/** Tells on stderr, in a line each, where a link to [endpoint] is in its life. */
internal class States(private val endpoint: Endpoint, private val console: Console) : EventListener {
    private val stopped = CountDownLatch(1)

    override fun onEvent(event: SocketEvent) {
        if (event !is LinkEvent.StateChanged) return
        event.state.inOneLine(endpoint)?.let(console::tell)
        if (event.state is LinkState.Stopped) stopped.countDown()
    }

    /** Blocks until the last line has been written, but not for ever: stderr may be a pipe that nobody reads. */
    fun awaitStopped() {
        stopped.await(PATIENCE.inWholeMilliseconds, MILLISECONDS)
    }

    private companion object {
        val PATIENCE = 5.seconds
    }
}

/** Null for what is over before anybody has read it. */
internal fun LinkState.inOneLine(endpoint: Endpoint): String? = when (this) {
    LinkState.Idle -> null
    is LinkState.Connecting -> "connecting (attempt $attempt)"
    is LinkState.Connected -> "connected to $endpoint"
    is LinkState.Waiting -> if (delay.isFinite()) "waiting ${delay.rounded()} because ${why()}" else null
    is LinkState.Stopped -> "stopped"
}

private fun LinkState.Waiting.why(): String = cause?.inOneLine() ?: "the connection has ended"

private fun Duration.rounded(): String =
    if (this < 1.seconds) "$inWholeMilliseconds ms" else String.format(Locale.ROOT, "%.1f s", toDouble(SECONDS))
