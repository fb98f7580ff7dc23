package io.hawser.samples.top

import java.util.Locale
import kotlin.math.roundToLong
import kotlin.time.Duration
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.DurationUnit.MICROSECONDS
import kotlin.time.DurationUnit.MILLISECONDS
import kotlin.time.DurationUnit.SECONDS

private const val STEP = 1000.0

/** As many digits as tell something. */
private const val SHORT = 9.95
private const val LONG = 999.5
private const val EXACT = 9_999_999

private val prefixes = listOf("", "k", "M", "G", "T", "P")

/** A number of things: all digits of one that can be read at a glance. */
internal fun count(value: Long): String = if (value in -EXACT..EXACT) "%,d".root(value) else scaled(value.toDouble(), "")

/** So many things a second. */
internal fun countRate(value: Double): String = when {
    value == 0.0 -> "0"
    value < SHORT -> "%.1f".root(value)
    else -> count(value.roundToLong())
}

internal fun bytes(value: Double): String = scaled(value, "B")

/** How long something took. */
internal fun span(value: Duration): String = when {
    value < (LONG / STEP).milliseconds -> "${tidy(value.toDouble(MICROSECONDS))} us"
    value < LONG.milliseconds -> "${tidy(value.toDouble(MILLISECONDS))} ms"
    else -> "${tidy(value.toDouble(SECONDS))} s"
}

/** How long something has been there. */
internal fun age(value: Duration): String = value.toComponents { days, hours, minutes, seconds, _ ->
    when {
        days > 0 -> "${days}d ${hours}h"
        hours > 0 -> "${hours}h ${minutes}m"
        minutes > 0 -> "${minutes}m ${seconds}s"
        else -> "${seconds}s"
    }
}

private fun scaled(value: Double, unit: String): String {
    var left = value
    var step = 0
    while (left >= LONG && step < prefixes.lastIndex) {
        left /= STEP
        step++
    }
    val number = if (step == 0) "%.0f".root(left) else tidy(left)
    return "$number ${prefixes[step]}$unit".trimEnd()
}

private fun tidy(value: Double): String = (if (value < SHORT) "%.1f" else "%.0f").root(value)

private fun String.root(value: Any): String = format(Locale.ROOT, value)
