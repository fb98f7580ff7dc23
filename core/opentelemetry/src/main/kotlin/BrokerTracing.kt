@file:JvmName("BrokerTracing")
@file:OptIn(ExperimentalHawserApi::class)

package io.hawser.opentelemetry

import io.hawser.Endpoint
import io.hawser.ExperimentalHawserApi
import io.hawser.KotlinOnly
import io.hawser.broker.AnswerFailed
import io.hawser.broker.BrokerFailure
import io.hawser.broker.ObservedRequest
import io.hawser.broker.Request
import io.hawser.broker.RequestFailed
import io.hawser.broker.RequestObserver
import io.hawser.broker.Responder
import io.hawser.broker.blocking.BlockingRequestHandler
import io.hawser.transport.TransportApi
import io.opentelemetry.api.OpenTelemetry
import io.opentelemetry.api.common.Attributes
import io.opentelemetry.api.trace.Span
import io.opentelemetry.api.trace.SpanKind.CLIENT
import io.opentelemetry.api.trace.SpanKind.SERVER
import io.opentelemetry.context.Context
import kotlinx.coroutines.CancellationException

private const val CHANNEL = "hawser.channel"
private const val ATTEMPT = "hawser.attempt"

/**
 * For `ConsumerOptions { observer(tracedRequests(openTelemetry)) }`: a span for each request, until its reply has been taken, below the one that
 * is current where it is asked. Its context goes along in the headers, as the propagators of [openTelemetry] have it, in place of one that is
 * there already; `headers.left_out` is an event where the broker has no room for that. Attempts are events: `attempt` and `attempt.failed`.
 */
public fun tracedRequests(openTelemetry: OpenTelemetry): RequestObserver {
    val tracer = openTelemetry.hawser
    return RequestObserver { channel, headers ->
        val asking = begin(Context.current()) {
            tracer.spanBuilder("broker request").setSpanKind(CLIENT).setAttribute(CHANNEL, "$channel")
        }
        TracedRequest(asking.span, quietly { openTelemetry.propagators.textMapPropagator.carry(asking.context, headers) } ?: headers)
    }
}

/**
 * A handler of requests that does what [handler] does, in a span for each, which is current in the handler and in what that launches, and below
 * the one of who asks. What else came along with that, such as baggage, is current there too.
 */
@KotlinOnly
public fun tracedAnswers(
    openTelemetry: OpenTelemetry,
    handler: suspend Responder.(Request) -> Unit,
): suspend Responder.(Request) -> Unit = { request ->
    request.traced(openTelemetry) { handler(request) }
}

/** The same for a handler on a thread of its own. */
@OptIn(TransportApi::class)
public fun tracedBlockingAnswers(openTelemetry: OpenTelemetry, handler: BlockingRequestHandler): BlockingRequestHandler =
    BlockingRequestHandler { request, responder ->
        val asked = request.unwrap()
        openTelemetry.answering(asked).aroundBlocking({ !asked.isWanted }, Span::failAnswer) { handler.handle(request, responder) }
    }

/** Runs [answer] in a span that is below the one of who asks: for requests that a provider has taken by `receive`. */
@KotlinOnly
@OptIn(TransportApi::class)
public suspend fun <R> Request.traced(openTelemetry: OpenTelemetry, answer: suspend () -> R): R =
    openTelemetry.answering(this).around({ !isWanted }, Span::failAnswer) { answer() }

private fun OpenTelemetry.answering(request: Request): Running {
    val asked = quietly { propagators.textMapPropagator.extract(Context.root(), request.headers, Headers) } ?: Context.root()
    return begin(asked) { hawser.spanBuilder("broker answer").setSpanKind(SERVER).setAttribute(CHANNEL, "${request.channel}") }
}

private fun Span.failAnswer(cause: Throwable) = if (cause is AnswerFailed &&
    cause.code != 0
) {
    fail(cause.code, cause.reason)
} else {
    fail(cause)
}

private class TracedRequest(private val span: Span, override val headers: Map<String, String>) : ObservedRequest {
    override fun headersLeftOut() {
        quietly { span.addEvent("headers.left_out") }
    }

    override fun attempt(number: Int, broker: Endpoint) {
        quietly {
            span.setAllAttributes(broker.asBroker())
            span.addEvent("attempt", Attributes.builder().put(ATTEMPT, number.toLong()).build())
        }
    }

    override fun attemptFailed(number: Int, cause: BrokerFailure) {
        quietly { span.addEvent("attempt.failed", failure(cause).put(ATTEMPT, number.toLong()).build()) }
    }

    override fun ended(cause: Throwable?) {
        quietly {
            when {
                cause is RequestFailed && cause.code != 0 -> span.fail(cause.code, cause.reason)
                cause is CancellationException -> span.cancelled()
                cause != null -> span.fail(cause)
            }
        }
        quietly { span.end() }
    }
}
