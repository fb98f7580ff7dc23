package io.hawser.broker.link

/**
 * Lanes that have frames, in the order of their turns. The links are in the lanes, each of which is in one ring at most: there is nothing
 * to allocate, and nothing to look up. Guarded by whoever has it.
 */
internal class Ring {
    private var first: Lane? = null
    private var last: Lane? = null

    val isEmpty: Boolean get() = first == null

    /** Whose turn it is; there must be one. */
    fun first(): Lane = checkNotNull(first)

    /** Gives [lane] the last turn, unless it waits for one. */
    fun add(lane: Lane) {
        if (lane.isInRing) return
        lane.isInRing = true
        lane.before = last
        last?.after = lane
        last = lane
        if (first == null) first = lane
    }

    /** Takes [lane] out, wherever it is, if it is there. */
    fun remove(lane: Lane) {
        if (!lane.isInRing) return
        lane.isInRing = false
        val before = lane.before
        val after = lane.after
        if (before == null) first = after else before.after = after
        if (after == null) last = before else after.before = before
        lane.before = null
        lane.after = null
    }
}
