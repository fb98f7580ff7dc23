package io.hawser.benchmarks

/** The middle of several values and how far they lie apart. */
internal data class Spread(val median: Double, val min: Double, val max: Double) {
    /** `1.04 (0.98–1.10)` */
    fun format(value: (Double) -> String): String = if (min == max) value(median) else "${value(median)} (${value(min)}–${value(max)})"

    companion object {
        /** @throws IllegalArgumentException if there is no value. */
        fun of(values: List<Double>): Spread {
            require(values.isNotEmpty()) { "no values" }
            return Spread(median(values), values.min(), values.max())
        }
    }
}

/** The middle value, or the mean of the two in the middle. */
internal fun median(values: List<Double>): Double {
    require(values.isNotEmpty()) { "no values" }
    val sorted = values.sorted()
    val middle = sorted.size / 2
    return if (sorted.size % 2 == 1) sorted[middle] else (sorted[middle - 1] + sorted[middle]) / 2
}

/** [ours] to [theirs], round by round: what slows the machine down for a whole round cancels out. */
internal fun ratios(ours: List<Double>, theirs: List<Double>): List<Double> {
    require(ours.size == theirs.size) { "${ours.size} rounds of ours, ${theirs.size} of theirs" }
    return ours.zip(theirs) { our, their -> our / their }
}
