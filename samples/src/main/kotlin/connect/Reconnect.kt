package io.hawser.samples.connect

import io.hawser.ClientOptions
import io.hawser.Connection
import io.hawser.reconnect.Decision
import io.hawser.reconnect.DoNotReconnect
import io.hawser.reconnect.LinkOptions
import io.hawser.reconnect.LinkState
import io.hawser.reconnect.ReconnectingClient
import io.hawser.reconnect.reconnecting
import io.hawser.samples.cli.Console
import io.hawser.samples.cli.OutputLost
import io.hawser.samples.cli.Termination
import io.hawser.samples.tls.streamClient
import java.nio.ByteBuffer
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.CoroutineStart.UNDISPATCHED
import kotlinx.coroutines.Deferred
import kotlinx.coroutines.Job
import kotlinx.coroutines.async
import kotlinx.coroutines.cancelChildren
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.launch
import kotlinx.coroutines.supervisorScope

/**
 * Copies [input] to whoever is connected and what comes from there to [output], and connects again whenever a connection ends, until the
 * input has; tells its states on stderr of [console]. Nothing of the input is sent twice, and nothing is lost but what a connection
 * had taken when it broke.
 *
 * @throws io.hawser.SocketFailure behind the end of the input, or if there is no such transport.
 * @throws io.hawser.tls.InvalidTlsConfiguration if the files that it was told of are of no use.
 * @throws io.hawser.samples.cli.OutputLost if [output] does not take what came.
 * @throws InputLost if [input] cannot be read.
 */
internal suspend fun stayConnected(
    arguments: ConnectArguments,
    console: Console,
    termination: Termination,
    input: StandardInput,
    output: StandardOutput,
): Unit = supervisorScope {
    val states = States(arguments.endpoint.endpoint, console)
    val options = ClientOptions {
        connectTimeout = arguments.connectTimeout.value
        arguments.idleTimeout?.let { idleTimeout = it.value }
        onEvent(states)
    }
    val rest = Rest(input, this)
    val link = streamClient(arguments.endpoint.endpoint, options, arguments::clientTls).reconnecting(
        LinkOptions {
            onError { if (it is OutputLost || it is InputLost || rest.hasEnded) Decision.Stop else Decision.Retry }
        },
    )
    val stop = {
        link.close()
        states.awaitStopped()
    }
    termination.preceded(by = stop) {
        launch {
            rest.awaitEnd()
            link.closeUnlessConnected()
        }
        try {
            link.keep { connection -> converse(connection, rest, output) }
        } finally {
            states.awaitStopped()
        }
    }
    coroutineContext.cancelChildren()
}

private suspend fun CoroutineScope.converse(connection: Connection, rest: Rest, output: StandardOutput) {
    // Undispatched: from the first connection on the input is read, so that its end is seen.
    val sending = launch(start = UNDISPATCHED) { send(rest, connection) }
    val watching = launch { failOnceClosed(connection) }
    receive(connection, output)
    watching.cancel()
    if (rest.hasEnded) {
        sending.join()
        throw DoNotReconnect()
    }
    sending.cancel()
}

private suspend fun send(rest: Rest, connection: Connection) {
    abortIfInputIsLost(connection) { rest.sendTo(connection) }
    connection.shutdownOutput()
}

/** A connection that is there when the input ends has to be told, and asks nobody when it has ended itself. */
private suspend fun ReconnectingClient.closeUnlessConnected() {
    state.first { it is LinkState.Connecting || (it is LinkState.Waiting && it.delay.isFinite()) }
    close()
}

/** What nobody has taken yet of [input], of which a piece is read ahead in [scope]: what one connection leaves the next one gets. */
private class Rest(private val input: StandardInput, private val scope: CoroutineScope) {
    private val piece = ByteBuffer.allocate(CHUNK)

    /** Whether there is a [piece]; from the moment that somebody wants it until all of it has been taken. */
    private var reading: Deferred<Boolean>? = null
    private val end = Job()

    val hasEnded: Boolean get() = end.isCompleted

    suspend fun awaitEnd() = end.join()

    /** Returns at the end of the input, however often. */
    suspend fun sendTo(connection: Connection) {
        while (true) {
            val isThere = reading ?: scope.async { read() }.also { reading = it }
            if (!isThere.await()) break
            connection.write(piece)
            reading = null
        }
    }

    private suspend fun read(): Boolean {
        val isThere = input.read(piece.clear())
        piece.flip()
        if (!isThere) end.complete()
        return isThere
    }
}
