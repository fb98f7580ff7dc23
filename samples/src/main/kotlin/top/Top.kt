package io.hawser.samples.top

import io.hawser.ClientOptions
import io.hawser.Connection
import io.hawser.Endpoint
import io.hawser.FrameTooLarge
import io.hawser.MalformedFrame
import io.hawser.ReadTimeout
import io.hawser.event.EventListener
import io.hawser.reconnect.Backoff
import io.hawser.reconnect.Decision
import io.hawser.reconnect.LinkOptions
import io.hawser.reconnect.ReconnectingClient
import io.hawser.reconnect.reconnecting
import io.hawser.samples.cli.Console
import io.hawser.samples.cli.Termination
import io.hawser.samples.cli.isInteractive
import io.hawser.samples.connect.StandardOutput
import io.hawser.samples.connect.States
import io.hawser.samples.monitor.MalformedSnapshot
import io.hawser.samples.monitor.Snapshot
import io.hawser.samples.monitor.snapshotOf
import io.hawser.samples.tls.streamClient
import java.io.IOException
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.cancelChildren
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.catch
import kotlinx.coroutines.flow.map
import kotlinx.coroutines.launch

/** Longer than any snapshot. */
private const val LONGEST_LINE = 256 * 1024

/** A snapshot comes each second, unless its program stands still. */
private val SILENCE = 15.seconds

/** For what is not a screen. */
private val paper = Frame(width = 120)

/** Whoever answers at an endpoint is no monitor. */
internal class NoMonitor(endpoint: Endpoint, why: String?) : IOException("$endpoint is no monitor: $why")

/**
 * Shows how a program does, on the terminal if there is one and else on [output], until [termination], or a key says so.
 *
 * @throws io.hawser.SocketFailure if there is no such transport, or, if it is to be shown once, nothing comes.
 * @throws io.hawser.tls.InvalidTlsConfiguration if the files that it was told of are of no use.
 * @throws NoMonitor if what comes is something else.
 * @throws io.hawser.samples.cli.OutputLost if [output] does not take it.
 */
internal suspend fun top(arguments: TopArguments, console: Console, termination: Termination, output: StandardOutput) {
    when {
        arguments.once -> console.out.println(once(arguments).inBlock())
        isInteractive() -> termination.during(PATIENCE) { signal -> Live(arguments.endpoint.endpoint).run(link(arguments), signal) }
        else -> blocks(arguments, console, termination, output)
    }
}

private val PATIENCE = 2.seconds

private suspend fun once(arguments: TopArguments): Snapshot {
    val endpoint = arguments.endpoint.endpoint
    val patience = arguments.connectTimeout.value
    val options = ClientOptions {
        connectTimeout = patience
        readTimeout = patience
    }
    return streamClient(endpoint, options, arguments::clientTls).connect { connection ->
        val line = try {
            connection.readLine(LONGEST_LINE) ?: throw NoMonitor(endpoint, "the connection has ended before anything came")
        } catch (_: ReadTimeout) {
            throw NoMonitor(endpoint, "nothing came within $patience")
        } catch (e: FrameTooLarge) {
            throw NoMonitor(endpoint, e.message)
        } catch (e: MalformedFrame) {
            throw NoMonitor(endpoint, e.message)
        }
        endpoint.snapshot(line)
    }
}

private suspend fun blocks(arguments: TopArguments, console: Console, termination: Termination, output: StandardOutput) {
    val states = States(arguments.endpoint.endpoint, console)
    val options = options(arguments, states)
    termination.during(PATIENCE) { signal ->
        coroutineScope {
            val link = link(arguments, options)
            launch {
                signal.join()
                link.close()
            }
            try {
                link.keep { connection -> connection.snapshots(link.endpoint).collect { output.writeLine(it.inBlock() + "\n") } }
            } finally {
                states.awaitStopped()
            }
            coroutineContext.cancelChildren()
        }
    }
}

/** This snapshot as lines without colours and bars. */
private fun Snapshot.inBlock(): String = View(listOf(this)).render(paper).joinToString("\n") { "$it".trimEnd() }

private fun options(arguments: TopArguments, listener: EventListener? = null): ClientOptions = ClientOptions {
    connectTimeout = arguments.connectTimeout.value
    readTimeout = SILENCE
    listener?.let(::onEvent)
}

private fun link(arguments: TopArguments, options: ClientOptions = options(arguments)): ReconnectingClient =
    streamClient(arguments.endpoint.endpoint, options, arguments::clientTls).reconnecting(
        LinkOptions {
            backoff = Backoff.exponential(200.milliseconds, 2.seconds)
            onError { if (it is NoMonitor) Decision.Stop else Decision.Retry }
        },
    )

/** What comes from the monitor at [endpoint]. */
internal fun Connection.snapshots(endpoint: Endpoint): Flow<Snapshot> = lines(LONGEST_LINE)
    .catch { e -> throw if (e is FrameTooLarge || e is MalformedFrame) NoMonitor(endpoint, e.message) else e }
    .map { endpoint.snapshot(it) }

private fun Endpoint.snapshot(line: String): Snapshot = try {
    snapshotOf(line)
} catch (e: MalformedSnapshot) {
    throw NoMonitor(this, e.message)
}
