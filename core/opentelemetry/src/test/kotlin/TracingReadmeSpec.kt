package io.hawser.opentelemetry

import io.hawser.StreamClient
import io.hawser.broker.Broker
import io.hawser.broker.Consumer
import io.hawser.broker.ConsumerOptions
import io.hawser.broker.Provider
import io.hawser.copyTo
import io.hawser.tcp.Tcp
import io.hawser.testkit.LeakCheck
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.ints.shouldBeGreaterThan
import io.kotest.matchers.shouldBe
import io.opentelemetry.api.OpenTelemetry
import java.io.File
import java.util.UUID
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.cancelChildren
import kotlinx.coroutines.coroutineScope

/** What the module's page shows is compiled, word by word, and does what it says. */
class TracingReadmeSpec : StringSpec({
    extension(LeakCheck)

    val page = File("README.md").readText()

    "every piece of Kotlin and Java stands in a source that is compiled" {
        val pieces = Regex("```(kotlin|java)\n(.*?)```", RegexOption.DOT_MATCHES_ALL).findAll(page).toList()
        val sources = File("src").walk().filter { it.extension == "kt" || it.extension == "java" }.map { it.readText().words() }.toList()
        pieces.size shouldBeGreaterThan 2
        for (piece in pieces) withClue(piece.groupValues[2]) { sources.any { piece.groupValues[2].words() in it } shouldBe true }
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

private fun String.words(): String = split(Regex("\\s+")).filter { it.isNotEmpty() }.joinToString(" ")
