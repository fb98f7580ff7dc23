package io.hawser.samples.echo

import io.hawser.Admission
import io.hawser.RunningServer
import io.hawser.ServerOptions
import io.hawser.copyTo
import io.hawser.engine.EventLoopGroup
import io.hawser.engine.EventLoopOptions
import io.hawser.event.ServerState
import io.hawser.samples.cli.Console
import io.hawser.samples.cli.Termination
import io.hawser.samples.transportOf
import kotlin.time.Duration
import kotlin.time.toKotlinDuration
import kotlinx.coroutines.CoroutineStart.UNDISPATCHED
import kotlinx.coroutines.cancelChildren
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.launch

/**
 * Serves echoes until [termination], tells on stdout where, and returns when the connections have been drained.
 *
 * @throws io.hawser.BindFailed if it cannot listen there.
 */
internal suspend fun echo(arguments: EchoArguments, console: Console, termination: Termination) {
    val group = arguments.loops?.let { count -> EventLoopGroup(EventLoopOptions { loops = count.value }) }
    group.use {
        val server = transportOf(arguments.on).server(arguments.on) { add(arguments, group) }
        coroutineScope {
            val running = server.start(this) { connection -> connection.copyTo(connection) }
            running.serveUntil(termination, arguments.grace.toKotlinDuration()) {
                console.out.println("listening ${running.endpoint}")
                (if (arguments.stats) Stats(running, console.err) else null).use { running.awaitClosed() }
            }
        }
    }
}

private fun ServerOptions.Builder.add(arguments: EchoArguments, loops: EventLoopGroup?) {
    group = loops
    arguments.maxConnections?.let { maxConnections = it.value }
    arguments.idleTimeout?.let { idleTimeout = it.value }
    arguments.allow?.let { admission = it.reduce(Admission::or) }
}

/** Runs [untilClosed], and shuts down at a signal. */
private suspend fun RunningServer.serveUntil(termination: Termination, grace: Duration, untilClosed: suspend () -> Unit) {
    termination.during(grace) { signal ->
        coroutineScope {
            // Before anybody can connect: events are not kept for those who come late.
            launch(start = UNDISPATCHED) { events.collect(::logUnusual) }
            launch {
                signal.join()
                shutdown(grace)
            }
            untilClosed()
            coroutineContext.cancelChildren()
        }
    }
    (state.value as? ServerState.Failed)?.let { throw it.cause }
}
