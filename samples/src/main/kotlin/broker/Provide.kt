package io.hawser.samples.broker

import io.hawser.ClientOptions
import io.hawser.broker.Provider
import io.hawser.broker.ProviderOptions
import io.hawser.samples.cli.Console
import io.hawser.samples.cli.Termination
import io.hawser.samples.connect.StandardOutput
import io.hawser.samples.connect.States
import io.hawser.samples.tls.streamClient
import kotlin.time.toKotlinDuration
import kotlinx.coroutines.NonCancellable
import kotlinx.coroutines.cancelChildren
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.flow.filter
import kotlinx.coroutines.launch
import kotlinx.coroutines.withContext

/**
 * Answers requests by a command until [termination], tells on [output] when the broker lets it, and its states on stderr of [console].
 *
 * @throws io.hawser.SocketFailure if there is no such transport, or the broker does not want it.
 * @throws io.hawser.tls.InvalidTlsConfiguration if the files that it was told of are of no use.
 * @throws io.hawser.samples.cli.OutputLost if [output] does not take what it is told.
 */
internal suspend fun provide(
    arguments: BrokerProvideArguments,
    console: Console,
    termination: Termination,
    output: StandardOutput,
) {
    val endpoint = arguments.endpoint.endpoint
    val states = States(endpoint, console)
    val options = ClientOptions {
        connectTimeout = arguments.connectTimeout.value
        onEvent(states)
    }
    val client = streamClient(endpoint, options, arguments::clientTls)
    val command = Command(arguments.command)
    val grace = arguments.grace.toKotlinDuration()
    // Commands take long: those that have no place wait at the broker, for whoever is free first.
    val provider = Provider(client, arguments.channel.value, ProviderOptions { prefetch = 0 })
    termination.during(grace) { signal ->
        coroutineScope {
            provider.start(this, arguments.concurrency.value) { request -> command.answer(request, this) }
            try {
                launch {
                    provider.isRegistered.filter { it }.collect { output.writeLine("registered ${provider.channel} at $endpoint") }
                }
                launch {
                    signal.join()
                    provider.shutdown(grace)
                }
                provider.join()
            } finally {
                provider.close()
                withContext(NonCancellable) { provider.join() }
                states.awaitStopped()
            }
            coroutineContext.cancelChildren()
        }
    }
    provider.cause?.let { throw it }
}
