package io.hawser.samples.hub

import io.hawser.ClientOptions
import io.hawser.messaging.HubClient
import io.hawser.samples.cli.Console
import io.hawser.samples.cli.Termination
import io.hawser.samples.connect.StandardOutput
import io.hawser.samples.connect.States
import io.hawser.samples.tls.streamClient
import java.util.concurrent.CountDownLatch
import java.util.concurrent.TimeUnit.SECONDS
import kotlinx.coroutines.NonCancellable
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.flow.take
import kotlinx.coroutines.withContext

/**
 * Prints what a hub sends on [output], and connects again whenever a connection ends, until as much has come as was asked for; tells its
 * states on stderr of [console].
 *
 * @throws io.hawser.SocketFailure if there is no such transport.
 * @throws io.hawser.tls.InvalidTlsConfiguration if the files that it was told of are of no use.
 * @throws io.hawser.samples.cli.OutputLost if [output] does not take what came.
 */
internal suspend fun listen(
    arguments: HubListenArguments,
    console: Console,
    termination: Termination,
    output: StandardOutput,
): Unit = coroutineScope {
    val states = States(arguments.endpoint.endpoint, console)
    val options = ClientOptions {
        connectTimeout = arguments.connectTimeout.value
        onEvent(states)
    }
    val client = HubClient(streamClient(arguments.endpoint.endpoint, options, arguments::clientTls), arguments.event.value)
    val wanted = arguments.count?.value
    var count = 0
    val printed = CountDownLatch(1)
    val stop = {
        client.close()
        printed.await(5, SECONDS)
        states.awaitStopped()
    }
    termination.preceded(by = stop) {
        try {
            val messages = client.start(this).messages
            (wanted?.let(messages::take) ?: messages).collect {
                output.writeLine(it.toJson())
                count++
            }
        } finally {
            printed.countDown()
            client.close()
            withContext(NonCancellable) { client.join() }
            states.awaitStopped()
        }
    }
    if (count != wanted) client.cause?.let { throw it }
}
