package io.hawser.samples.top

import io.hawser.samples.monitor.Snapshot

/** What there is to show: [history], the last one is how it is now, and what is to be said of the connection if not all is well with it. */
internal data class View(val history: List<Snapshot> = emptyList(), val notice: String? = null) {
    val now: Snapshot? get() = history.lastOrNull()

    /** This with [snapshot] as how it is now. What another program, or this one before it was started again, has said is forgotten. */
    operator fun plus(snapshot: Snapshot): View {
        val goesOn = now?.let { it.program == snapshot.program && it.since == snapshot.since } ?: false
        return copy(history = (if (goesOn) history else emptyList()).takeLast(LONGEST - 1) + snapshot)
    }

    private companion object {
        /** As many as the widest screen has columns for. */
        const val LONGEST = 200
    }
}

/** Where it is shown: [bars] if it can have more than ASCII. Without a [height] all of it is. */
internal data class Frame(val width: Int, val height: Int? = null, val bars: Boolean = false)
