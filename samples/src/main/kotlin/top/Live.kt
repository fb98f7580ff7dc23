package io.hawser.samples.top

import io.hawser.Endpoint
import io.hawser.reconnect.LinkState
import io.hawser.reconnect.ReconnectingClient
import io.hawser.samples.cli.inOneLine
import io.hawser.samples.monitor.Snapshot
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds
import kotlin.time.TimeSource
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.Job
import kotlinx.coroutines.cancelChildren
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.currentCoroutineContext
import kotlinx.coroutines.isActive
import kotlinx.coroutines.launch
import kotlinx.coroutines.withContext
import kotlinx.coroutines.withTimeoutOrNull

/** A screen that shows what the monitor at [endpoint] says, as it comes. */
internal class Live(private val endpoint: Endpoint) {
    // Written by the coroutines of a link, one at a time, and read by who paints.
    @Volatile
    private var view = View(notice = "connecting to $endpoint")

    @Volatile
    private var heard = TimeSource.Monotonic.markNow()

    /** Shows what comes by [link] until [signal] completes, or somebody presses `q`. The terminal is as it was when this returns. */
    suspend fun run(link: ReconnectingClient, signal: Job): Unit = coroutineScope {
        launch { link.keep { connection -> connection.snapshots(endpoint).collect(::show) } }
        launch { link.state.collect(::show) }
        withContext(Dispatchers.IO) { paint(signal) }
        link.close()
        coroutineContext.cancelChildren()
    }

    private suspend fun paint(signal: Job) {
        Screen.open().use { screen ->
            try {
                while (currentCoroutineContext().isActive && signal.isActive) {
                    screen.paint(view.orSilent()::render)
                    if (screen.key(TURN) in quit) break
                }
            } catch (e: Exception) {
                // A signal has closed the screen, perhaps before it has told us; or nothing did.
                withTimeoutOrNull(TELLING) { signal.join() } ?: throw e
            }
        }
    }

    @Synchronized
    private fun show(snapshot: Snapshot) {
        view = view.copy(notice = null) + snapshot
        heard = TimeSource.Monotonic.markNow()
    }

    @Synchronized
    private fun show(state: LinkState) {
        when (state) {
            is LinkState.Waiting ->
                view =
                    view.copy(notice = "waiting to reconnect: ${state.cause?.inOneLine() ?: "the connection has ended"}")

            is LinkState.Connected -> {
                view = view.copy(notice = null)
                heard = TimeSource.Monotonic.markNow()
            }

            LinkState.Idle, is LinkState.Connecting, is LinkState.Stopped -> Unit
        }
    }

    private fun View.orSilent(): View {
        val silence = heard.elapsedNow()
        return if (notice == null && (now == null || silence > LATE)) copy(notice = "nothing has come for ${age(silence)}") else this
    }

    private companion object {
        /** How soon a key, or another size of the terminal, is seen. */
        val TURN = 200.milliseconds
        val LATE = 3.seconds

        /** How long a signal may take to tell us: a machine may be busy. */
        val TELLING = 5.seconds
        val quit = setOf('q', 'Q', Screen.END)
    }
}
