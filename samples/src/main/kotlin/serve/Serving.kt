@file:OptIn(ExperimentalHawserApi::class)

package io.hawser.samples.serve

import io.hawser.Admission
import io.hawser.Connection
import io.hawser.Datagram
import io.hawser.DatagramExchange
import io.hawser.DatagramServerOptions
import io.hawser.Endpoint
import io.hawser.ExperimentalHawserApi
import io.hawser.Hawser
import io.hawser.RunningDatagramServer
import io.hawser.RunningServer
import io.hawser.ServerHandle
import io.hawser.ServerOptions
import io.hawser.engine.EventLoopGroup
import io.hawser.engine.EventLoopOptions
import io.hawser.event.ServerState
import io.hawser.micrometer.DatagramServerMetrics
import io.hawser.micrometer.HawserMetrics
import io.hawser.micrometer.ServerMetrics
import io.hawser.samples.cli.Console
import io.hawser.samples.cli.OutputLost
import io.hawser.samples.cli.Termination
import io.hawser.samples.metrics.besideScrapePage
import io.hawser.samples.monitor.Facts
import io.hawser.samples.monitor.Insight
import io.hawser.samples.monitor.Sampler
import io.hawser.samples.monitor.monitored
import io.hawser.samples.tls.inTermsOf
import io.hawser.samples.tls.streamServer
import kotlin.time.Duration
import kotlin.time.toKotlinDuration
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.CoroutineStart.UNDISPATCHED
import kotlinx.coroutines.cancelChildren
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.launch

/**
 * Serves until [termination], tells on stdout where, and returns when the connections have been drained. What [handler] makes of the loops
 * that were asked for, if any were, runs for each connection.
 *
 * @throws io.hawser.BindFailed if it cannot listen there.
 * @throws io.hawser.tls.InvalidTlsConfiguration if its certificate is of no use.
 */
internal suspend fun serve(
    arguments: ServingArguments,
    console: Console,
    termination: Termination,
    handler: (loops: EventLoopGroup?) -> suspend CoroutineScope.(Connection) -> Unit,
): Unit = serve(arguments, console, termination) { scope, loops ->
    val options = ServerOptions { add(arguments, loops) }
    Service(streamServer(arguments.on.endpoint, options, arguments::serverTls).start(scope, handler(loops)))
}

/**
 * Serves datagrams until [termination], tells on stdout where, and returns when those that have come have been handled. [handler] runs for
 * each.
 *
 * @throws io.hawser.BindFailed if it cannot listen there.
 */
internal suspend fun serveDatagrams(
    arguments: ServingArguments,
    console: Console,
    termination: Termination,
    handler: suspend DatagramExchange.(Datagram) -> Unit,
): Unit = serve(arguments, console, termination) { scope, loops ->
    val options = DatagramServerOptions {
        group = loops
        arguments.allow?.let { admission = it.reduce(Admission::or) }
    }
    Service(Hawser.datagramServer(arguments.on.endpoint, options).start(scope, handler))
}

/** What serves by [handle]. */
internal open class Service(val handle: ServerHandle) {
    /** What there is to measure of it, since it has started. */
    open fun metrics(): List<HawserMetrics> = when (handle) {
        is RunningServer -> listOf(ServerMetrics(handle))
        is RunningDatagramServer -> listOf(DatagramServerMetrics(handle))
    }

    /** What somebody who watches it is told beside what every server has, until [scope] ends. */
    open fun insight(scope: CoroutineScope): Insight = Insight { Facts() }

    /** Returns when nothing is left of it. Runs as soon as it has been told where it listens. */
    open suspend fun run(): Unit = handle.awaitClosed()

    open suspend fun shutdown(grace: Duration) {
        handle.shutdown(grace)
    }
}

/**
 * Runs what [start] makes of the loops that were asked for, if any were, until [termination], tells on stdout where it listens, and returns
 * when it has been drained.
 */
internal suspend fun serve(
    arguments: ServingArguments,
    console: Console,
    termination: Termination,
    start: suspend (CoroutineScope, EventLoopGroup?) -> Service,
) {
    val group = arguments.loops?.let { count -> EventLoopGroup(EventLoopOptions { loops = count.value }) }
    group.use {
        coroutineScope {
            val service = start(this, group)
            service.runUntil(termination, arguments.grace.toKotlinDuration()) {
                service.measured(arguments.metrics?.endpoint, console) {
                    service.monitored(arguments, console, group ?: EventLoopGroup.shared) {
                        console.out.println("listening ${service.handle.endpoint.inTermsOf(arguments.on.endpoint)}")
                        if (console.out.checkError()) throw OutputLost()
                        (if (arguments.stats) Stats(service.handle, console.err) else null).use { service.run() }
                    }
                }
            }
        }
    }
}

/** Runs [block], and as long as that lasts serves what there is to measure at [endpoint], if there is one, and tells on stderr where. */
private suspend fun Service.measured(endpoint: Endpoint?, console: Console, block: suspend () -> Unit) {
    if (endpoint == null) return block()
    besideScrapePage(endpoint, metrics()) { page ->
        console.err.println("metrics $page")
        block()
    }
}

/** What was asked for of connections. */
internal fun ServerOptions.Builder.add(arguments: ServingArguments, loops: EventLoopGroup?) {
    group = loops
    arguments.maxConnections?.let { maxConnections = it.value }
    arguments.idleTimeout?.let { idleTimeout = it.value }
    arguments.allow?.let { admission = it.reduce(Admission::or) }
}

/** Runs [block], and has whoever connects to the monitor that was asked for, if one was, see how the service does on its [loops]. */
private suspend fun Service.monitored(
    arguments: ServingArguments,
    console: Console,
    loops: EventLoopGroup,
    block: suspend () -> Unit,
) {
    val monitor = arguments.monitor?.endpoint ?: return block()
    val sampler = Sampler(arguments.program, handle.endpoint.inTermsOf(arguments.on.endpoint), this, loops.loops)
    monitored(monitor, sampler.snapshots, arguments::serverTls, { console.tell("monitor $it") }, block)
}

/** Runs [untilClosed], and shuts down at a signal. */
private suspend fun Service.runUntil(termination: Termination, grace: Duration, untilClosed: suspend () -> Unit) {
    termination.during(grace) { signal ->
        coroutineScope {
            // Before anybody can connect: events are not kept for those who come late.
            launch(start = UNDISPATCHED) { handle.events.collect(::logUnusual) }
            launch {
                signal.join()
                shutdown(grace)
            }
            untilClosed()
            coroutineContext.cancelChildren()
        }
    }
    (handle.state.value as? ServerState.Failed)?.let { throw it.cause }
}
