package io.hawser.benchmarks.workload

import io.hawser.benchmarks.objectsOf

/** Work that servers are compared on: the mode of the load generator that is called [name], and what to read from its figures. */
internal sealed interface Workload {
    val name: String

    /** How many connections there are unless the options say otherwise. */
    val connections: Int

    /** The size of a message or a write unless the options say otherwise. */
    val bytes: Int

    /** A table each; the first is the one that is shown round by round. */
    val measures: List<Measure>

    companion object {
        val all: List<Workload> by lazy { objectsOf(Workload::class.java).sortedBy(Workload::name) }
    }
}
