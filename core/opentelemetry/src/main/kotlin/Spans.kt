package io.hawser.opentelemetry

import io.opentelemetry.api.OpenTelemetry
import io.opentelemetry.api.trace.Span
import io.opentelemetry.api.trace.SpanBuilder
import io.opentelemetry.api.trace.Tracer
import io.opentelemetry.context.Context
import io.opentelemetry.context.propagation.TextMapGetter
import io.opentelemetry.context.propagation.TextMapSetter
import io.opentelemetry.extension.kotlin.asContextElement
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.withContext

internal val OpenTelemetry.hawser: Tracer get() = getTracer("io.hawser")

/**
 * Runs [block] in a span that is current in it and in what it launches, and lasts until all of that has ended. It hears of a failure by
 * [failing], and last by [closing].
 */
internal suspend fun <R> SpanBuilder.around(
    failing: Span.(Throwable) -> Unit = Span::fail,
    closing: (Span) -> Unit = {},
    block: suspend CoroutineScope.() -> R,
): R {
    val span = startSpan()
    try {
        return withContext(Context.current().with(span).asContextElement(), block)
    } catch (e: Throwable) {
        span.failing(e)
        throw e
    } finally {
        closing(span)
        span.end()
    }
}

/** The same for code that waits. */
internal inline fun <R> SpanBuilder.aroundBlocking(
    failing: Span.(Throwable) -> Unit = Span::fail,
    closing: (Span) -> Unit = {},
    block: () -> R,
): R {
    val span = startSpan()
    try {
        return span.makeCurrent().use { block() }
    } catch (e: Throwable) {
        span.failing(e)
        throw e
    } finally {
        closing(span)
        span.end()
    }
}

/** The headers of a request as propagators read and write them. */
internal object Headers : TextMapGetter<Map<String, String>>, TextMapSetter<MutableMap<String, String>> {
    @Suppress("OVERRIDE_DEPRECATION")
    override fun keys(carrier: Map<String, String>): Iterable<String> = carrier.keys

    override fun get(carrier: Map<String, String>?, key: String): String? = carrier?.get(key)

    override fun set(carrier: MutableMap<String, String>?, key: String, value: String) {
        carrier?.put(key, value)
    }
}
