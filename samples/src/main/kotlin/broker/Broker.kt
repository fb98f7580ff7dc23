package io.hawser.samples.broker

import io.hawser.ServerOptions
import io.hawser.broker.Broker
import io.hawser.broker.BrokerOptions
import io.hawser.micrometer.BrokerMetrics
import io.hawser.samples.cli.Console
import io.hawser.samples.cli.Termination
import io.hawser.samples.monitor.Insight
import io.hawser.samples.serve.Service
import io.hawser.samples.serve.add
import io.hawser.samples.serve.serve
import io.hawser.samples.tls.streamServer
import kotlin.time.Duration
import kotlinx.coroutines.CoroutineScope

/**
 * Brings together who asks and who answers, until [termination].
 *
 * @throws io.hawser.BindFailed if it cannot listen there.
 * @throws io.hawser.tls.InvalidTlsConfiguration if its certificate is of no use.
 */
internal suspend fun serveBroker(arguments: BrokerServeArguments, console: Console, termination: Termination): Unit =
    serve(arguments, console, termination) { scope, loops ->
        val server = streamServer(arguments.on.endpoint, ServerOptions { add(arguments, loops) }, arguments::serverTls)
        BrokerService(Broker(server, BrokerOptions { remoteStats = true }).start(scope))
    }

internal class BrokerService(private val broker: Broker) : Service(broker.handle) {
    override fun metrics() = super.metrics() + BrokerMetrics(broker, mapOf(Broker.STATS to "stats"))

    override fun insight(scope: CoroutineScope): Insight = BrokerInsight(broker, scope)

    override suspend fun shutdown(grace: Duration) = broker.shutdown(grace)
}
