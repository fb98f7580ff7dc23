@file:JvmName("BrokerTracing")

package io.hawser.opentelemetry

import io.hawser.Endpoint
import io.hawser.KotlinOnly
import io.hawser.broker.AnswerFailed
import io.hawser.broker.BrokerFailure
import io.hawser.broker.ObservedRequest
import io.hawser.broker.Request
import io.hawser.broker.RequestFailed
import io.hawser.broker.RequestObserver
import io.hawser.broker.Responder
import io.hawser.broker.blocking.BlockingRequestHandler
import io.opentelemetry.api.OpenTelemetry
import io.opentelemetry.api.common.Attributes
import io.opentelemetry.api.trace.Span
import io.opentelemetry.api.trace.SpanBuilder
import io.opentelemetry.api.trace.SpanKind.CLIENT
import io.opentelemetry.api.trace.SpanKind.SERVER
import io.opentelemetry.context.Context

private const val CHANNEL = "hawser.channel"
private const val ATTEMPT = "hawser.attempt"

/**
 * For `ConsumerOptions { observer(tracedRequests(openTelemetry)) }`: a span for each request, until its reply has been taken, below the one that
 * is current where it is asked. Its context goes along in the headers, as the propagators of [openTelemetry] have it. Attempts are events:
 * `attempt` and `attempt.failed`.
 */
public fun tracedRequests(openTelemetry: OpenTelemetry): RequestObserver {
    val tracer = openTelemetry.hawser
    return RequestObserver { channel, headers ->
        val span = tracer.spanBuilder("broker request").setSpanKind(CLIENT).setAttribute(CHANNEL, "$channel").startSpan()
        val carried = headers.toMutableMap()
        openTelemetry.propagators.textMapPropagator.inject(Context.current().with(span), carried, Headers)
        TracedRequest(span, carried)
    }
}

/**
 * A handler of requests that does what [handler] does, in a span for each, which is current in the handler and in what that launches, and below
 * the one of who asks.
 */
@KotlinOnly
public fun tracedAnswers(
    openTelemetry: OpenTelemetry,
    handler: suspend Responder.(Request) -> Unit,
): suspend Responder.(Request) -> Unit = { request ->
    request.traced(openTelemetry) { handler(request) }
}

/** The same for a handler on a thread of its own. */
public fun tracedBlockingAnswers(openTelemetry: OpenTelemetry, handler: BlockingRequestHandler): BlockingRequestHandler =
    BlockingRequestHandler { request, responder ->
        openTelemetry.answering(request.unwrap()).aroundBlocking(Span::failAnswer) { handler.handle(request, responder) }
    }

/** Runs [answer] in a span that is below the one of who asks: for requests that a provider has taken by `receive`. */
@KotlinOnly
public suspend fun <R> Request.traced(openTelemetry: OpenTelemetry, answer: suspend () -> R): R =
    openTelemetry.answering(this).around(Span::failAnswer) { answer() }

private fun OpenTelemetry.answering(request: Request): SpanBuilder {
    val asked = propagators.textMapPropagator.extract(Context.root(), request.headers, Headers)
    return hawser.spanBuilder("broker answer").setParent(asked).setSpanKind(SERVER).setAttribute(CHANNEL, "${request.channel}")
}

private fun Span.failAnswer(cause: Throwable) = if (cause is AnswerFailed) fail(cause.code, cause.reason) else fail(cause)

private class TracedRequest(private val span: Span, override val headers: Map<String, String>) : ObservedRequest {
    override fun attempt(number: Int, broker: Endpoint) {
        span.setAllAttributes(broker.asBroker())
        span.addEvent("attempt", Attributes.builder().put(ATTEMPT, number.toLong()).build())
    }

    override fun attemptFailed(number: Int, cause: BrokerFailure) {
        span.addEvent("attempt.failed", failure(cause).put(ATTEMPT, number.toLong()).build())
    }

    override fun ended(cause: Throwable?) {
        when {
            cause is RequestFailed && cause.code != 0 -> span.fail(cause.code, cause.reason)
            cause != null -> span.fail(cause)
        }
        span.end()
    }
}
