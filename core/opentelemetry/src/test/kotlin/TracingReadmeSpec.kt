package io.hawser.opentelemetry

import io.hawser.StreamClient
import io.hawser.broker.Broker
import io.hawser.broker.Consumer
import io.hawser.broker.ConsumerOptions
import io.hawser.broker.Provider
import io.hawser.copyTo
import io.hawser.opentelemetry.example.main as example
import io.hawser.tcp.Tcp
import io.hawser.testkit.LeakCheck
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe
import io.opentelemetry.api.OpenTelemetry
import java.io.ByteArrayOutputStream
import java.io.PrintStream
import java.util.UUID
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.cancelChildren
import kotlinx.coroutines.coroutineScope

/** What the module's page shows does what it says. */
class TracingReadmeSpec : StringSpec({
    extension(LeakCheck)

    "the example prints its spans" {
        val output = ByteArrayOutputStream()
        val before = System.out
        System.setOut(PrintStream(output, true))
        try {
            example()
        } finally {
            System.setOut(before)
        }
        output.toString().trim() shouldBe "[connect, serve]"
    }

    "connections and requests are traced as the page has it" {
        coroutineScope {
            val tracing = Tracing()
            connections(this, tracing.openTelemetry)
            tracing.spans(2).keys shouldBe setOf("connect", "serve")
            coroutineContext.cancelChildren()
        }
        coroutineScope {
            val tracing = Tracing()
            val broker = Broker(Tcp.server("127.0.0.1", port = 0)).start(this)
            requests(this, tracing.openTelemetry, Tcp.client("127.0.0.1", broker.port), UUID.randomUUID())
            tracing.spans(2).keys shouldBe setOf("broker request", "broker answer")
            coroutineContext.cancelChildren()
        }
    }
})

private suspend fun connections(scope: CoroutineScope, openTelemetry: OpenTelemetry) {
    val echo = traced(openTelemetry) { connection -> connection.copyTo(connection) }
    val server = Tcp.server("127.0.0.1", port = 0).start(scope, echo)
    val client = Tcp.client("127.0.0.1", server.port).traced(openTelemetry)
    client.connect { connection -> connection.writeLine("hello") }
}

private suspend fun requests(scope: CoroutineScope, openTelemetry: OpenTelemetry, client: StreamClient, upper: UUID) {
    val answer = tracedAnswers(openTelemetry) { request -> reply(request.bytes()) }
    val provider = Provider(client, upper).start(scope, handler = answer)
    val options = ConsumerOptions { observer(tracedRequests(openTelemetry)) }
    val consumer = Consumer(client, upper, options).start(scope)
    provider.awaitRegistered()
    consumer.request("hello".encodeToByteArray(), timeout = 60.seconds)
}
