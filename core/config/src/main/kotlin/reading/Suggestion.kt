package io.hawser.config.reading

/** What is said of a [name] that is none of [names]. */
internal fun unknown(name: String, names: Collection<String>): String {
    val nearest = nearest(name, names)
    return when {
        nearest != null -> "is unknown: did you mean $nearest?"
        names.isEmpty() -> "is unknown: there is none"
        else -> "is unknown: there are ${names.sorted().joinToString()}"
    }
}

/** That of [names] which [name] may be meant for, or null. */
internal fun nearest(name: String, names: Collection<String>): String? =
    names.minByOrNull { distance(it, name) }?.takeIf { distance(it, name) <= maxOf(1, name.length / 3) }

/** How many letters have to be changed, added or left out (Levenshtein). */
private fun distance(one: String, other: String): Int {
    var row = IntArray(other.length + 1) { it }
    for (i in one.indices) {
        val next = IntArray(other.length + 1)
        next[0] = i + 1
        for (j in other.indices) {
            val change = if (one[i] == other[j]) 0 else 1
            next[j + 1] = minOf(row[j] + change, row[j + 1] + 1, next[j] + 1)
        }
        row = next
    }
    return row[other.length]
}
