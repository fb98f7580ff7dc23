package io.hawser.samples.echo

import io.hawser.RunningServer
import io.hawser.ServerOptions
import io.hawser.copyTo
import io.hawser.engine.EventLoopGroup
import io.hawser.engine.EventLoopOptions
import io.hawser.event.ServerState
import io.hawser.samples.cli.Termination
import io.hawser.samples.transportOf
import java.io.PrintWriter
import kotlin.time.Duration
import kotlin.time.toKotlinDuration
import kotlinx.coroutines.CoroutineStart.UNDISPATCHED
import kotlinx.coroutines.cancelChildren
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.launch

/**
 * Serves echoes until [termination], tells on [out] where, and returns when the connections have been drained.
 *
 * @throws io.hawser.BindFailed if it cannot listen there.
 */
internal suspend fun echo(arguments: EchoArguments, out: PrintWriter, termination: Termination) {
    val group = arguments.loops?.let { count -> EventLoopGroup(EventLoopOptions { loops = count.value }) }
    group.use {
        val server = transportOf(arguments.on).server(arguments.on, ServerOptions { this.group = group })
        coroutineScope {
            server.start(this) { connection -> connection.copyTo(connection) }.serveUntil(termination, arguments.grace.toKotlinDuration()) {
                out.println("listening ${it.endpoint}")
            }
        }
    }
}

private suspend fun RunningServer.serveUntil(termination: Termination, grace: Duration, onReady: (RunningServer) -> Unit) {
    termination.during(grace) { signal ->
        coroutineScope {
            // Before anybody can connect: events are not kept for those who come late.
            launch(start = UNDISPATCHED) { events.collect(::logUnusual) }
            launch {
                signal.join()
                shutdown(grace)
            }
            onReady(this@serveUntil)
            awaitClosed()
            coroutineContext.cancelChildren()
        }
    }
    (state.value as? ServerState.Failed)?.let { throw it.cause }
}
