package io.hawser.opentelemetry

import io.hawser.broker.Broker
import io.hawser.broker.BrokerOptions
import io.hawser.broker.Consumer
import io.hawser.broker.ConsumerOptions
import io.hawser.broker.Provider
import io.hawser.broker.Request
import io.hawser.testkit.Memory
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldStartWith
import io.opentelemetry.api.baggage.Baggage
import io.opentelemetry.api.baggage.propagation.W3CBaggagePropagator
import io.opentelemetry.api.trace.StatusCode
import io.opentelemetry.api.trace.propagation.W3CTraceContextPropagator
import io.opentelemetry.context.Context
import io.opentelemetry.context.propagation.TextMapPropagator
import io.opentelemetry.extension.kotlin.asContextElement
import java.util.UUID
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.cancelChildren
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.withContext

class CarriedContextSpec : StringSpec({
    fun tracing() = Tracing(TextMapPropagator.composite(W3CTraceContextPropagator.getInstance(), W3CBaggagePropagator.getInstance()))

    fun baggage(tenant: String) = Context.root().with(Baggage.builder().put("tenant", tenant).build()).asContextElement()

    fun tenant() = Baggage.current().getEntryValue("tenant")

    /** Asks once with [headers], where the tenant is 7, what a provider sees that was started where he is 1. */
    suspend fun ask(
        tracing: Tracing,
        headers: Map<String, String> = emptyMap(),
        options: BrokerOptions = BrokerOptions(),
        seen: (Request) -> Unit,
    ) = coroutineScope {
        val channel = UUID.randomUUID()
        val broker = Broker(Memory.server(), options).start(this)
        val client = Memory.client(broker.endpoint)
        val answer = tracedAnswers(tracing.openTelemetry) { request ->
            seen(request)
            reply(ByteArray(0))
        }
        val provider = withContext(baggage("1")) { Provider(client, channel).start(this@coroutineScope, handler = answer) }
        provider.awaitRegistered()
        val observed = ConsumerOptions { observer(tracedRequests(tracing.openTelemetry)) }
        val consumer = Consumer(client, channel, observed).start(this)
        withContext(baggage("7")) { consumer.request(ByteArray(0), timeout = 60.seconds, headers = headers) }
        coroutineContext.cancelChildren()
    }

    "all that travels with a request is current where it is answered, and nothing else" {
        val tenants = mutableListOf<String?>()
        ask(tracing()) { tenants += tenant() }
        tenants shouldBe listOf("7")
    }

    "nothing that is current where a server is started is in its handlers" {
        val tracing = Tracing()
        val tenants = mutableListOf<String?>()
        coroutineScope {
            val handler = traced(tracing.openTelemetry) { tenants += tenant() }
            val server = withContext(baggage("1")) { Memory.server().start(this@coroutineScope, handler) }
            Memory.client(server).connect { it.readLine() }
            tracing.span()
            server.close()
        }
        tenants shouldBe listOf(null)
    }

    "the context takes the place of one that a request had before, however that is written" {
        val tracing = tracing()
        val old = "0af7651916cd43dd8448eb211c80319c"
        val headers = mapOf("Traceparent" to "00-$old-b7ad6b7169203331-01", "tracestate" to "old=1", "Baggage" to "tenant=5", "own" to "1")
        ask(tracing, headers) { request ->
            request.headers.keys shouldBe setOf("own", "traceparent", "baggage")
            request.headers.getValue("baggage") shouldStartWith "tenant=7"
        }
        tracing.spans(2).values.flatten().map { it.traceId == old }.toSet() shouldBe setOf(false)
    }

    "headers of others are read in small and capital letters" {
        val context = W3CBaggagePropagator.getInstance().extract(Context.root(), mapOf("BAGGAGE" to "tenant=7"), Headers)
        Baggage.fromContext(context).getEntryValue("tenant") shouldBe "7"
    }

    "a context that the broker has no room for stays behind, and the request goes" {
        val tracing = tracing()
        ask(tracing, mapOf("own" to "1"), BrokerOptions { maxHeaders = 32 }) { it.headers shouldBe mapOf("own" to "1") }
        val asked = tracing.spans(2).getValue("broker request").single()
        asked.happened shouldBe listOf("headers.left_out", "attempt")
        asked.status.statusCode shouldBe StatusCode.UNSET
    }
})
