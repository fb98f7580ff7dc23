package io.hawser.benchmarks

/** What the load generator measured in one run, by name. */
internal data class Figures(private val values: Map<String, Double>) {
    /** @throws IllegalArgumentException if there is no figure [name]. */
    operator fun get(name: String): Double = requireNotNull(values[name]) { "no figure $name in ${values.keys}" }

    companion object {
        /**
         * Reads `per_second=1200.5 p50_us=3.1`.
         *
         * @throws IllegalArgumentException for anything else.
         */
        fun parse(line: String): Figures = Figures(
            line.trim().split(' ').associate { word ->
                val number = requireNotNull(word.substringAfter('=', "").toDoubleOrNull()) { "not a line of figures: '$line'" }
                word.substringBefore('=') to number
            },
        )
    }
}
