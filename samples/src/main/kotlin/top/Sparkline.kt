package io.hawser.samples.top

import kotlin.math.ceil

private const val LEVELS = "▁▂▃▄▅▆▇█"

/** The last [width] of [values] as bars, the highest of which is full; what is not there yet is blank. */
internal fun sparkline(values: List<Double>, width: Int): String {
    val shown = values.takeLast(width)
    val highest = shown.maxOrNull() ?: 0.0
    return shown.joinToString("") { "${bar(it, highest)}" }.padStart(width)
}

private fun bar(value: Double, highest: Double): Char =
    if (highest <= 0) LEVELS.first() else LEVELS[(ceil(value / highest * LEVELS.length).toInt() - 1).coerceIn(LEVELS.indices)]
