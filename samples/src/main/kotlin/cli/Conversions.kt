package io.hawser.samples.cli

import io.hawser.Endpoint
import kotlin.time.Duration
import kotlin.time.toJavaDuration
import picocli.CommandLine.TypeConversionException

/** How many event loops: a number that a process can have threads for. */
internal class LoopCount(val value: Int)

private val loopCounts = 1..1024

internal fun endpoint(text: String): Endpoint = try {
    Endpoint.parse(text)
} catch (e: IllegalArgumentException) {
    throw TypeConversionException("${e.message} (allowed: host:port and tcp://host:port, such as 127.0.0.1:9002 or *:0)")
}

internal fun loopCount(text: String): LoopCount = text.toIntOrNull()?.takeIf { it in loopCounts }?.let(::LoopCount)
    ?: throw TypeConversionException("\"$text\" is not a number from ${loopCounts.first} to ${loopCounts.last}")

/** picocli carries java.time's durations: Kotlin's are a plain long to it. */
internal fun duration(text: String): java.time.Duration {
    val duration = Duration.parseOrNull(text)?.takeIf { it.isFinite() && !it.isNegative() }
    return duration?.toJavaDuration() ?: throw TypeConversionException("\"$text\" is not a duration such as 500ms, 5s or 1m")
}
