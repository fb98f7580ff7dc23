package io.hawser.samples.connect

import io.hawser.ClientOptions
import io.hawser.Connection
import io.hawser.Hawser
import java.io.IOException
import java.nio.ByteBuffer
import java.nio.channels.WritableByteChannel
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.launch
import kotlinx.coroutines.withContext

private const val CHUNK = 64 * 1024

/**
 * Copies [input] to the endpoint and what comes from there to [output], until both have ended.
 *
 * @throws io.hawser.SocketFailure
 * @throws OutputLost if [output] does not take what came.
 * @throws InputLost if [input] cannot be read.
 */
internal suspend fun connect(arguments: ConnectArguments, input: Input, output: WritableByteChannel) {
    val options = ClientOptions {
        connectTimeout = arguments.connectTimeout.value
        arguments.idleTimeout?.let { idleTimeout = it.value }
    }
    Hawser.streamClient(arguments.endpoint.endpoint, options).connect { connection ->
        val sending = launch { send(input, connection) }
        receive(connection, output)
        // Somebody who types would be typing to nobody.
        if (input.isTerminal) sending.cancel()
    }
}

private suspend fun send(input: Input, connection: Connection) {
    input.use {
        while (true) connection.write(input.next() ?: break)
    }
    connection.shutdownOutput()
}

/** Standard output may block for as long as nobody reads it, which must not keep [send] from going on. */
private suspend fun receive(connection: Connection, output: WritableByteChannel) = withContext(Dispatchers.IO) {
    val buffer = ByteBuffer.allocateDirect(CHUNK)
    while (connection.read(buffer.clear()) >= 0) {
        buffer.flip()
        try {
            while (buffer.hasRemaining()) output.write(buffer)
        } catch (e: IOException) {
            throw OutputLost(e)
        }
    }
}
