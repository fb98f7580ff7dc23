package io.hawser.benchmarks.server

import io.hawser.benchmarks.Tools
import io.hawser.broker.ConsumerPool
import java.nio.file.Path
import kotlinx.coroutines.runBlocking

/** Hawser's broker with ten connections to ask by, in place of one. */
internal object HawserPool : JvmContestant("hawser-pool", setOf(REQUEST_REPLY)) {
    private val parties = HawserParties(this) { client, channel, scope -> ConsumerPool(client, channel).start(scope) }

    override fun version(tools: Tools): String = Hawser.version(tools)

    override fun serve(service: String, file: Path): Unit =
        if (service == HawserParties.BROKER) runBlocking { HawserParties.serveBroker() } else parties.serve(service, file)
}
