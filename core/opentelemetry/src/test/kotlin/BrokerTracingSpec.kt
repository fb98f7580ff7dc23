package io.hawser.opentelemetry

import io.hawser.broker.Body
import io.hawser.broker.Broker
import io.hawser.broker.Consumer
import io.hawser.broker.ConsumerOptions
import io.hawser.broker.NoProvider
import io.hawser.broker.Provider
import io.hawser.broker.Request
import io.hawser.broker.RequestFailed
import io.hawser.broker.Responder
import io.hawser.reconnect.Backoff
import io.hawser.testkit.Memory
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe
import io.opentelemetry.api.trace.Span
import io.opentelemetry.api.trace.SpanKind
import io.opentelemetry.api.trace.StatusCode
import io.opentelemetry.context.Context
import io.opentelemetry.extension.kotlin.asContextElement
import io.opentelemetry.sdk.trace.data.SpanData
import java.util.UUID
import java.util.concurrent.CopyOnWriteArrayList
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.cancelChildren
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.launch
import kotlinx.coroutines.withContext

class BrokerTracingSpec : StringSpec({
    /** Runs [test] with a consumer whose requests [handler] answers; without one nobody does. */
    suspend fun asking(
        tracing: Tracing,
        options: ConsumerOptions.Builder.() -> Unit = { },
        handler: (suspend Responder.(Request) -> Unit)?,
        test: suspend CoroutineScope.(Consumer) -> Unit,
    ) = coroutineScope {
        val channel = UUID.randomUUID()
        val broker = Broker(Memory.server()).start(this)
        val client = Memory.client(broker.endpoint)
        if (handler != null) Provider(client, channel).start(this, handler = handler).awaitRegistered()
        val consumer = Consumer(
            client,
            channel,
            ConsumerOptions {
                timeout = 60.seconds
                options()
                observer(tracedRequests(tracing.openTelemetry))
            },
        ).start(this)
        consumer.awaitRegistered()
        test(consumer)
        coroutineContext.cancelChildren()
    }

    fun SpanData.shouldBeBelow(parent: SpanData) {
        traceId shouldBe parent.traceId
        parentSpanId shouldBe parent.spanId
        parentSpanContext.isRemote shouldBe true
    }

    "the span of an answer is below the one of its request, and that below the one of who asks" {
        val tracing = Tracing()
        val headers = CopyOnWriteArrayList<Map<String, String>>()
        val current = CopyOnWriteArrayList<String>()
        val handler = tracedAnswers(tracing.openTelemetry) { request ->
            headers += request.headers
            val question = request.bytes()
            current += Span.current().spanContext.spanId
            reply(question)
        }
        asking(tracing, handler = handler) { consumer ->
            val caller = tracing.openTelemetry.getTracer("test").spanBuilder("caller").startSpan()
            withContext(Context.root().with(caller).asContextElement()) {
                consumer.request(ByteArray(3), headers = mapOf("own" to "kept")).size shouldBe 3
                consumer.stream(ByteArray(2)).toList().sumOf { it.size } shouldBe 2
                consumer.exchange(Body.of(ByteArray(1))) { it.body.toList().single().size } shouldBe 1
            }
            val spans = tracing.spans(6)
            val asked = spans.getValue("broker request")
            val answered = spans.getValue("broker answer").associateBy { it.parentSpanId }
            for ((request, sent) in asked zip headers) {
                request.kind shouldBe SpanKind.CLIENT
                request.parentSpanId shouldBe caller.spanContext.spanId
                request.text("hawser.channel") shouldBe "${consumer.channel}"
                request.text("server.address") shouldBe consumer.endpoint.toString().removePrefix("memory:")
                request.happened shouldBe listOf("attempt")
                sent["traceparent"] shouldBe "00-${request.traceId}-${request.spanId}-${request.spanContext.traceFlags.asHex()}"
                val answer = answered.getValue(request.spanId)
                answer.kind shouldBe SpanKind.SERVER
                answer.shouldBeBelow(request)
            }
            headers.first()["own"] shouldBe "kept"
            current.toSet() shouldBe answered.values.map { it.spanId }.toSet()
        }
    }

    "all attempts of a request are in one span" {
        val tracing = Tracing()
        asking(tracing, { retry = Backoff.constant(1.milliseconds).upTo(2) }, handler = null) { consumer ->
            shouldThrow<NoProvider> { consumer.request(ByteArray(1)) }
            val span = tracing.span()
            span.happened shouldBe List(3) { listOf("attempt", "attempt.failed") }.flatten() + "exception"
            span.events.first { it.name == "attempt.failed" }.text("error.type") shouldBe "io.hawser.broker.NoProvider"
            span.text("error.type") shouldBe "io.hawser.broker.NoProvider"
            span.status.statusCode shouldBe StatusCode.ERROR
        }
    }

    "what a handler fails with is an error of both sides: by its code, or by its class" {
        val tracing = Tracing()
        val handler = tracedAnswers(tracing.openTelemetry) { request ->
            if (request.bytes().isEmpty()) fail(404, "no such page") else error("on purpose")
        }
        asking(tracing, handler = handler) { consumer ->
            shouldThrow<RequestFailed> { consumer.request(ByteArray(0)) }
            for (span in tracing.spans(2).values.flatten()) {
                span.text("error.type") shouldBe "404"
                span.status.description shouldBe "no such page"
            }
            shouldThrow<RequestFailed> { consumer.request(ByteArray(1)) }
            val spans = tracing.spans(4)
            spans.getValue("broker answer").last().text("error.type") shouldBe "java.lang.IllegalStateException"
            spans.getValue("broker request").last().text("error.type") shouldBe "io.hawser.broker.RequestFailed"
        }
    }

    "a request that nobody wants any more is no error on either side" {
        val tracing = Tracing()
        val isAsked = CompletableDeferred<Unit>()
        val handler = tracedAnswers(tracing.openTelemetry) {
            isAsked.complete(Unit)
            awaitCancellation()
        }
        asking(tracing, handler = handler) { consumer ->
            val request = launch { consumer.request(ByteArray(1)) }
            isAsked.await()
            request.cancel()
            for (span in tracing.spans(2).values.flatten()) {
                span.happened.last() shouldBe "cancelled"
                span.status.statusCode shouldBe StatusCode.UNSET
            }
        }
    }

    "what is taken by receive has a span where it is asked for one" {
        val tracing = Tracing()
        coroutineScope {
            val channel = UUID.randomUUID()
            val broker = Broker(Memory.server()).start(this)
            val client = Memory.client(broker.endpoint)
            val provider = Provider(client, channel).start(this)
            provider.awaitRegistered()
            val options = ConsumerOptions { observer(tracedRequests(tracing.openTelemetry)) }
            val consumer = Consumer(client, channel, options).start(this)
            val asking = launch { consumer.request(ByteArray(1), timeout = 60.seconds) }
            val request = checkNotNull(provider.receive())
            request.traced(tracing.openTelemetry) { provider.respond(request.id, request.bytes()) } shouldBe true
            asking.join()
            val spans = tracing.spans(2)
            spans.getValue("broker answer").single().shouldBeBelow(spans.getValue("broker request").single())
            coroutineContext.cancelChildren()
        }
    }
})
