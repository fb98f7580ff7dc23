package io.hawser.engine

/**
 * Lets others have the core for a moment. Peers on this machine then get on with all that a turn has sent them, and the next turn finds
 * more that is ready; else each message could cost a wake-up of its own.
 *
 * A thread with endless work would keep the core for a whole time slice. After such a one we are not courteous for a while, so that no
 * more than 1 / [RARITY] of the time is lost. For the loop's thread.
 */
internal class Courtesy {
    private var notBefore = System.nanoTime()

    /** Whether nobody has taken advantage lately. */
    fun isCheap(now: Long): Boolean = now - notBefore >= 0

    fun yield(now: Long) {
        if (!isCheap(now)) return
        Thread.yield()
        val end = System.nanoTime()
        val taken = end - now
        if (taken > LONG) notBefore = end + minOf(taken, LONGEST) * RARITY
    }

    private companion object {
        /** In nanoseconds: more than peers need for what one turn has sent them, and less than a time slice. */
        const val LONG = 2_000_000L

        /** What is taken longer was not taken for work: the process was stopped, or collected garbage. */
        const val LONGEST = 100_000_000L
        const val RARITY = 32
    }
}
