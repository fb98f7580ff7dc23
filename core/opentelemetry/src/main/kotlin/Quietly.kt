package io.hawser.opentelemetry

import java.util.concurrent.atomic.AtomicBoolean
import org.slf4j.LoggerFactory
import org.slf4j.event.Level.DEBUG
import org.slf4j.event.Level.ERROR

private val log = LoggerFactory.getLogger("io.hawser.opentelemetry")
private val hasFailed = AtomicBoolean()

/** Returns what [tell] does, or null if it throws: what is traced goes on as it would without. */
internal inline fun <R> quietly(tell: () -> R): R? = try {
    tell()
} catch (e: Throwable) {
    noteFault(e)
    null
}

/** The first is worth a line, not every one. */
internal fun noteFault(cause: Throwable) {
    log.atLevel(if (hasFailed.getAndSet(true)) DEBUG else ERROR).setCause(cause).log("tracing has failed; what is traced goes on without")
}
