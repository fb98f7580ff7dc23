package io.hawser.samples.broker

import io.hawser.ClientOptions
import io.hawser.broker.Body
import io.hawser.broker.Broker
import io.hawser.broker.Consumer
import io.hawser.broker.ConsumerOptions
import io.hawser.broker.NoProvider
import io.hawser.reconnect.Backoff
import io.hawser.reconnect.LinkOptions
import io.hawser.reconnect.LinkStopped
import io.hawser.samples.cli.Console
import io.hawser.samples.connect.CHUNK
import io.hawser.samples.connect.StandardInput
import io.hawser.samples.connect.StandardOutput
import io.hawser.samples.tls.streamClient
import java.io.IOException
import java.nio.ByteBuffer
import java.util.UUID
import kotlinx.coroutines.NonCancellable
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.flow
import kotlinx.coroutines.withContext

/**
 * Asks with the file of [arguments], or else with [input], and prints the answer on [output] as it comes.
 *
 * @throws io.hawser.SocketFailure
 * @throws io.hawser.tls.InvalidTlsConfiguration if the files that it was told of are of no use.
 * @throws java.nio.file.FileSystemException if the file cannot be read.
 * @throws io.hawser.samples.connect.InputLost if [input] cannot be read.
 * @throws io.hawser.samples.cli.OutputLost if [output] does not take what came.
 */
internal suspend fun request(arguments: BrokerRequestArguments, input: StandardInput, output: StandardOutput) {
    val body = arguments.file?.let(Body::of) ?: Body.of(input.pieces())
    asking(arguments, arguments.channel.value) { consumer ->
        consumer.stream(body, arguments.timeout.value).collect { output.write(ByteBuffer.wrap(it)) }
    }
}

/**
 * Prints what a broker says of itself on [output].
 *
 * @throws io.hawser.SocketFailure
 * @throws NoStatistics
 * @throws io.hawser.tls.InvalidTlsConfiguration if the files that it was told of are of no use.
 * @throws io.hawser.samples.cli.OutputLost if [output] does not take it.
 */
internal suspend fun stats(arguments: BrokerStatsArguments, output: StandardOutput) {
    asking(arguments, Broker.STATS) { consumer ->
        val json = try {
            consumer.request(ByteArray(0), arguments.connectTimeout.value).decodeToString()
        } catch (_: NoProvider) {
            throw NoStatistics("the broker at ${arguments.endpoint.endpoint} does not tell what it does")
        }
        output.writeLine(json.replace(Console.unprintable, ""))
    }
}

/** A broker keeps its statistics to itself. */
internal class NoStatistics(why: String) : IOException(why)

/** Has [ask] ask by one connection. */
private suspend fun asking(arguments: BrokerClientArguments, channel: UUID, ask: suspend (Consumer) -> Unit): Unit = coroutineScope {
    val options = ClientOptions { connectTimeout = arguments.connectTimeout.value }
    val client = streamClient(arguments.endpoint.endpoint, options, arguments::clientTls)
    val once = ConsumerOptions {
        link = LinkOptions {
            backoff = Backoff.never
            dialTimeout = arguments.connectTimeout.value
        }
        helloTimeout = arguments.connectTimeout.value
    }
    val consumer = Consumer(client, channel, once).start(this)
    try {
        ask(consumer)
    } catch (e: LinkStopped) {
        throw e.cause ?: e.suppressed.firstOrNull() ?: e
    } finally {
        consumer.close()
        withContext(NonCancellable) { consumer.join() }
    }
}

private fun StandardInput.pieces(): Flow<ByteArray> = flow {
    val buffer = ByteBuffer.allocate(CHUNK)
    while (read(buffer.clear())) emit(buffer.array().copyOf(buffer.position()))
}
