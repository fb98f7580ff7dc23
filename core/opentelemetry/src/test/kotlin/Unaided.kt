package io.hawser.opentelemetry

import io.hawser.broker.Broker
import io.hawser.broker.Consumer
import io.hawser.broker.ConsumerOptions
import io.hawser.broker.Provider
import io.hawser.testkit.Memory
import java.util.UUID
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.cancelChildren
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.runBlocking

/** Run by a class loader that has no brokers and no blocking handlers. */
internal object Unaided {
    /** The spans of a connection whose handler fails. */
    @JvmStatic
    fun names(): String = runBlocking {
        coroutineScope {
            val tracing = Tracing()
            val server = Memory.server().start(this, traced(tracing.openTelemetry) { error("on purpose") })
            Memory.client(server).traced(tracing.openTelemetry).connect { it.readLine() }
            val names = tracing.spans(2).keys.sorted().joinToString()
            server.close()
            names
        }
    }
}

/** Run by a class loader that has no blocking handlers. */
internal object UnaidedBroker {
    /** The spans of a request. */
    @JvmStatic
    fun names(): String = runBlocking {
        coroutineScope {
            val tracing = Tracing()
            val channel = UUID.randomUUID()
            val broker = Broker(Memory.server()).start(this)
            val client = Memory.client(broker.endpoint)
            val provider = Provider(client, channel).start(this, handler = tracedAnswers(tracing.openTelemetry) { reply(it.bytes()) })
            provider.awaitRegistered()
            val consumer = Consumer(client, channel, ConsumerOptions { observer(tracedRequests(tracing.openTelemetry)) }).start(this)
            consumer.request(ByteArray(1), timeout = 60.seconds)
            val names = tracing.spans(2).keys.sorted().joinToString()
            coroutineContext.cancelChildren()
            names
        }
    }
}
