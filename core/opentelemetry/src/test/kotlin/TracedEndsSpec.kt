package io.hawser.opentelemetry

import io.hawser.ConnectFailed
import io.hawser.Connection
import io.hawser.broker.Body
import io.hawser.broker.Broker
import io.hawser.broker.Consumer
import io.hawser.broker.ConsumerOptions
import io.hawser.broker.Provider
import io.hawser.broker.RequestFailed
import io.hawser.testkit.LeakCheck
import io.hawser.testkit.Memory
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe
import io.opentelemetry.api.common.Attributes
import io.opentelemetry.api.trace.SpanKind
import io.opentelemetry.api.trace.StatusCode
import io.opentelemetry.context.Context
import io.opentelemetry.context.propagation.TextMapGetter
import io.opentelemetry.context.propagation.TextMapPropagator
import io.opentelemetry.context.propagation.TextMapSetter
import io.opentelemetry.sdk.trace.ReadWriteSpan
import io.opentelemetry.sdk.trace.ReadableSpan
import io.opentelemetry.sdk.trace.SpanProcessor
import io.opentelemetry.sdk.trace.data.LinkData
import io.opentelemetry.sdk.trace.samplers.Sampler
import java.util.UUID
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.cancelChildren
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.flow.flow
import kotlinx.coroutines.launch
import kotlinx.coroutines.withTimeout

/** What is a failure and what is none, and that what fails in tracing itself is nobody else's. */
class TracedEndsSpec : StringSpec({
    extension(LeakCheck)

    "a handler that waits for its peer when the server ends has not failed" {
        coroutineScope {
            val tracing = Tracing()
            val server = Memory.server().start(
                this,
                traced(tracing.openTelemetry) { connection ->
                    connection.writeLine("ready")
                    connection.readLine()
                },
            )
            Memory.client(server).connect { connection ->
                connection.readLine()
                server.close()
            }
            val span = tracing.span()
            span.happened shouldBe listOf("cancelled")
            span.status.statusCode shouldBe StatusCode.UNSET
        }
    }

    "a handler whose own time is over has failed" {
        coroutineScope {
            val tracing = Tracing()
            val server = Memory.server().start(
                this,
                traced(tracing.openTelemetry) { withTimeout(1.milliseconds) { awaitCancellation() } },
            )
            Memory.client(server).connect { it.readLine() }
            tracing.span().status.statusCode shouldBe StatusCode.ERROR
            server.close()
        }
    }

    "who answers and still reads when nobody wants that any more has not failed" {
        coroutineScope {
            val tracing = Tracing()
            val isAsked = CompletableDeferred<Unit>()
            val broker = Broker(Memory.server()).start(this)
            val client = Memory.client(broker.endpoint)
            val channel = UUID.randomUUID()
            val provider = Provider(client, channel).start(
                this,
                handler = tracedAnswers(tracing.openTelemetry) { request ->
                    isAsked.complete(Unit)
                    request.bytes()
                },
            )
            provider.awaitRegistered()
            val consumer = Consumer(client, channel).start(this)
            val request = launch {
                consumer.request(
                    Body.of(
                        flow {
                            emit(ByteArray(1))
                            awaitCancellation()
                        },
                    ),
                    timeout = 60.seconds,
                )
            }
            isAsked.await()
            request.cancel()
            tracing.span().happened shouldBe listOf("cancelled")
            coroutineContext.cancelChildren()
        }
    }

    "tracing that fails changes nothing" {
        val broken = object : SpanProcessor {
            override fun onStart(parent: Context, span: ReadWriteSpan) = error("no start")

            override fun isStartRequired() = true

            override fun onEnd(span: ReadableSpan) = error("no end")

            override fun isEndRequired() = true
        }
        for (tracing in listOf(Tracing { addSpanProcessor(broken) }, Tracing(FailingPropagator), Tracing { setSampler(Unsure) })) {
            coroutineScope { goesOn(tracing) }
        }
    }
})

/** Connects and asks, and is refused and fails, as without tracing. */
private suspend fun CoroutineScope.goesOn(tracing: Tracing) {
    val handler: suspend CoroutineScope.(Connection) -> Unit = traced(tracing.openTelemetry) { it.writeLine("done") }
    val server = Memory.server().start(this, handler)
    Memory.client(server).traced(tracing.openTelemetry).connect { it.readLine() shouldBe "done" }
    shouldThrow<ConnectFailed> { Memory.client("nobody").traced(tracing.openTelemetry).connect() }
    server.close()
    val broker = Broker(Memory.server()).start(this)
    val client = Memory.client(broker.endpoint)
    val channel = UUID.randomUUID()
    val provider = Provider(client, channel).start(
        this,
        handler = tracedAnswers(tracing.openTelemetry) { request ->
            val question = request.bytes()
            if (question.isEmpty()) fail(404, "no such page") else reply(question)
        },
    )
    provider.awaitRegistered()
    val consumer = Consumer(client, channel, ConsumerOptions { observer(tracedRequests(tracing.openTelemetry)) }).start(this)
    consumer.request(ByteArray(1), timeout = 60.seconds).size shouldBe 1
    shouldThrow<RequestFailed> { consumer.request(ByteArray(0), timeout = 60.seconds) }.code shouldBe 404
    coroutineContext.cancelChildren()
}

private object FailingPropagator : TextMapPropagator {
    override fun fields() = listOf("traceparent")

    override fun <C> inject(context: Context, carrier: C?, setter: TextMapSetter<C>) = error("no way out")

    override fun <C> extract(context: Context, carrier: C?, getter: TextMapGetter<C>) = error("no way in")
}

private object Unsure : Sampler {
    override fun shouldSample(
        parent: Context,
        traceId: String,
        name: String,
        kind: SpanKind,
        attributes: Attributes,
        links: List<LinkData>,
    ) = error("no sample")

    override fun getDescription() = "unsure"
}
