package io.hawser.opentelemetry

import io.opentelemetry.api.OpenTelemetry
import io.opentelemetry.api.trace.Span
import io.opentelemetry.api.trace.SpanBuilder
import io.opentelemetry.api.trace.Tracer
import io.opentelemetry.context.Context
import io.opentelemetry.extension.kotlin.asContextElement
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.currentCoroutineContext
import kotlinx.coroutines.isActive
import kotlinx.coroutines.withContext

internal val OpenTelemetry.hawser: Tracer get() = getTracer("io.hawser")

/** A [span] that has begun, and the [context] of what is done in it. */
internal class Running(val span: Span, val context: Context)

/** Begins a span below that of [parent], all of which is current in it. Where it cannot be begun, there is none. */
internal inline fun begin(parent: Context, builder: () -> SpanBuilder): Running {
    val span = quietly { builder().setParent(parent).startSpan() } ?: return Running(Span.getInvalid(), parent)
    return Running(span, parent.with(span))
}

/**
 * Runs [block] in the span, which is current in it and in what it launches, and lasts until all of that has ended. It hears of a failure by
 * [failing], unless the coroutine was cancelled or the failure [isOnlyEnd], and last by [closing].
 */
internal suspend fun <R> Running.around(
    isOnlyEnd: (Throwable) -> Boolean = { false },
    failing: Span.(Throwable) -> Unit = Span::fail,
    closing: (Span) -> Unit = {},
    block: suspend CoroutineScope.() -> R,
): R = try {
    withContext(context.asContextElement(), block)
} catch (e: Throwable) {
    // A cancellation that the block made up is a failure, and a failure because of ours is none.
    end(e, !currentCoroutineContext().isActive || isOnlyEnd(e), failing, closing)
    throw e
}.also { end(null, isCancelled = false, failing, closing) }

/** The same for code that waits, whose thread is interrupted when it is cut. */
internal inline fun <R> Running.aroundBlocking(
    isOnlyEnd: (Throwable) -> Boolean,
    noinline failing: Span.(Throwable) -> Unit = Span::fail,
    noinline closing: (Span) -> Unit = {},
    block: () -> R,
): R {
    val scope = quietly { context.makeCurrent() }
    var cause: Throwable? = null
    try {
        return block()
    } catch (e: Throwable) {
        cause = e
        throw e
    } finally {
        quietly { scope?.close() }
        end(cause, cause != null && (cause.isInterrupt || isOnlyEnd(cause)), failing, closing)
    }
}

internal fun Running.end(cause: Throwable?, isCancelled: Boolean, failing: Span.(Throwable) -> Unit, closing: (Span) -> Unit) {
    quietly {
        if (isCancelled) {
            span.cancelled()
        } else if (cause != null) {
            span.failing(cause)
        }
    }
    quietly { closing(span) }
    quietly { span.end() }
}
