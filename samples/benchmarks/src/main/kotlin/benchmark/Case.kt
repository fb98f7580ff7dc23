package io.hawser.benchmarks.benchmark

import io.hawser.benchmarks.Options

/**
 * One setting of a benchmark: how many [connections], or whatever they are [called], the size in [bytes] of a message or a write, and
 * messages per second, if set.
 */
internal data class Case(val connections: Int, val bytes: Int, val rate: Int? = null, private val called: String = "connection") {
    /** With what the options say instead. */
    fun with(options: Options): Case =
        copy(connections = options.connections ?: connections, bytes = options.bytes ?: bytes, rate = rate?.let { options.rate ?: it })

    override fun toString(): String = listOfNotNull(
        if (connections == 1) "1 $called" else "${grouped(connections)} ${called}s",
        size(bytes),
        rate?.let { "${grouped(it)}/s" },
    ).joinToString()

    companion object {
        /** `64 B`, `16 KiB` */
        fun size(bytes: Int): String = when {
            bytes > 0 && bytes % GIB == 0 -> "${bytes / GIB} GiB"
            bytes > 0 && bytes % MIB == 0 -> "${bytes / MIB} MiB"
            bytes > 0 && bytes % KIB == 0 -> "${bytes / KIB} KiB"
            else -> "$bytes B"
        }

        private fun grouped(number: Int): String = "$number".reversed().chunked(3).joinToString(" ").reversed()

        private const val KIB = 1024
        private const val MIB = 1024 * 1024
        private const val GIB = 1024 * 1024 * 1024
    }
}
