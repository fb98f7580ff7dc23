package io.hawser.samples.connect

import io.hawser.ClientOptions
import io.hawser.Connection
import io.hawser.samples.tls.streamClient
import java.nio.ByteBuffer
import kotlinx.coroutines.launch

internal const val CHUNK = 64 * 1024

/**
 * Copies [input] to the endpoint and what comes from there to [output], until both have ended.
 *
 * @throws io.hawser.SocketFailure
 * @throws io.hawser.tls.InvalidTlsConfiguration if the files that it was told of are of no use.
 * @throws io.hawser.samples.cli.OutputLost if [output] does not take what came.
 * @throws InputLost if [input] cannot be read.
 */
internal suspend fun connect(arguments: ConnectArguments, input: StandardInput, output: StandardOutput) {
    if (arguments.endpoint.endpoint.isDatagram) return exchangeDatagrams(arguments, input, output)
    val options = ClientOptions {
        connectTimeout = arguments.connectTimeout.value
        arguments.idleTimeout?.let { idleTimeout = it.value }
    }
    streamClient(arguments.endpoint.endpoint, options, arguments::clientTls).connect { connection ->
        val sending = launch { send(input, connection) }
        val watching = launch { failOnceClosed(connection) }
        receive(connection, output)
        // Somebody who types would be typing to nobody.
        if (input.isTerminal) sending.cancel()
        sending.join()
        watching.cancel()
    }
}

private suspend fun send(input: StandardInput, connection: Connection) {
    val buffer = ByteBuffer.allocate(CHUNK)
    abortIfInputIsLost(connection) {
        while (input.read(buffer.clear())) connection.write(buffer.flip())
    }
    connection.shutdownOutput()
}

/** An end would tell the peer that it has got everything. */
internal inline fun abortIfInputIsLost(connection: Connection, send: () -> Unit) {
    try {
        send()
    } catch (e: InputLost) {
        connection.abort()
        throw e
    }
}

/** While both standard streams are at rest nobody else would notice that the connection has been idle for too long. */
internal suspend fun failOnceClosed(connection: Connection) {
    connection.awaitClosed()
    connection.awaitReadable()
}

internal suspend fun receive(connection: Connection, output: StandardOutput) {
    val buffer = ByteBuffer.allocateDirect(CHUNK)
    while (connection.read(buffer.clear()) >= 0) output.write(buffer.flip())
}
