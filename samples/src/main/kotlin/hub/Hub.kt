package io.hawser.samples.hub

import io.hawser.ServerOptions
import io.hawser.messaging.ConnectedClient
import io.hawser.messaging.HubEvent
import io.hawser.messaging.MessageHub
import io.hawser.messaging.WhenSlow
import io.hawser.micrometer.HubMetrics
import io.hawser.samples.cli.Console
import io.hawser.samples.cli.Termination
import io.hawser.samples.cli.inOneLine
import io.hawser.samples.connect.StandardError
import io.hawser.samples.connect.StandardInput
import io.hawser.samples.connect.StandardOutput
import io.hawser.samples.monitor.Insight
import io.hawser.samples.serve.Service
import io.hawser.samples.serve.add
import io.hawser.samples.serve.serve
import io.hawser.samples.tls.streamServer
import java.net.SocketAddress
import kotlin.time.Duration
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.CoroutineStart.UNDISPATCHED
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.Job
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.launch
import kotlinx.coroutines.withTimeoutOrNull

/** Who takes nothing for so long holds up everybody else no more. */
private val SLOWEST = 30.seconds

/** For what has come when the hub has ended, if somebody reads it. */
private val LAST_LINES = 5.seconds

/**
 * Sends each line of [input] to all clients of a hub, and prints what they send on [output], until [termination]; tells on stderr who
 * comes and goes.
 *
 * @throws io.hawser.BindFailed if it cannot listen there.
 * @throws io.hawser.tls.InvalidTlsConfiguration if its certificate is of no use.
 * @throws io.hawser.samples.cli.OutputLost if [output] does not take what came.
 * @throws io.hawser.samples.connect.InputLost if [input] cannot be read.
 */
internal suspend fun serveHub(
    arguments: HubServeArguments,
    console: Console,
    termination: Termination,
    input: StandardInput,
    output: StandardOutput,
    errors: StandardError,
): Unit = serve(arguments, console, termination) { scope, loops ->
    val options = ServerOptions {
        add(arguments, loops)
        if (arguments.whenSlow == WhenSlow.Suspend) writeTimeout = SLOWEST
    }
    val server = streamServer(arguments.on.endpoint, options, arguments::serverTls)
    val hub = MessageHub(server, arguments.event.value, arguments.hubOptions())
    // Before anybody can connect, and in the thread that tells: so nothing is missing when the hub has ended.
    val tally = HubTally()
    val telling = scope.launch(Dispatchers.Unconfined, UNDISPATCHED) {
        hub.events.collect { event ->
            tally.note(event)
            event.inOneLine()?.let(errors::tell)
        }
    }
    HubService(hub.start(scope), tally, input, output, errors, telling)
}

private class HubService(
    private val hub: MessageHub,
    private val tally: HubTally,
    private val input: StandardInput,
    private val output: StandardOutput,
    private val errors: StandardError,
    private val telling: Job,
) : Service(hub.handle) {
    private val hasEnded = Job()

    override fun metrics() = super.metrics() + HubMetrics(hub)

    override fun insight(scope: CoroutineScope): Insight = Insight { tally.facts(hub) }

    override suspend fun run() = coroutineScope {
        val sending = launch {
            InputLines(input::read, errors::tell).sendAll {
                hub.broadcast(it)
                tally.sent.increment()
            }
        }
        val printing = launch {
            hub.received.collect {
                tally.received.increment()
                output.writeLine(it.message.toJson(it.client.id))
            }
        }
        val waiting = launch {
            hasEnded.join()
            withTimeoutOrNull(LAST_LINES) { printing.join() }
            printing.cancel()
        }
        printing.join()
        waiting.cancel()
        sending.cancel()
        telling.cancel()
    }

    override suspend fun shutdown(grace: Duration) {
        hub.shutdown(grace)
        hasEnded.complete()
    }
}

/** Null for what cannot happen here: what clients send is never dropped. */
private fun HubEvent.inOneLine(): String? = when (this) {
    is HubEvent.Connected -> "client ${client.id} connected${client.address.fromWhere()}"
    is HubEvent.Disconnected -> "client ${client.id} disconnected${client.missed()}${cause?.let { ": ${it.inOneLine()}" }.orEmpty()}"
    is HubEvent.Refused -> "a client${address.fromWhere()} was turned away: there are too many"
    is HubEvent.Malformed -> "client ${client.id} sent what is no message: ${cause.inOneLine()}"
    is HubEvent.SendRefused -> "client ${client.id} may not send"
    is HubEvent.ReceivedDropped -> null
}

/** Most peers on Unix sockets have no address. */
private fun SocketAddress.fromWhere(): String = if ("$this".isEmpty()) "" else " from $this"

private fun ConnectedClient.missed(): String = if (dropped == 0L) "" else " and has missed $dropped messages"
