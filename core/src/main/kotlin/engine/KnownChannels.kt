package io.hawser.engine

import io.hawser.EventLoopClosed
import java.util.ArrayDeque

/** The channels a loop watches, and what is to happen when it has let go of those that were closed. On the loop. */
internal class KnownChannels(private val loop: EventLoop) {
    private val registered = HashSet<Readiness>()
    private var pruneAt = INITIAL_LIMIT
    private val leaving = ArrayDeque<Runnable>()

    /** Includes those that were closed without a word and are not pruned yet. */
    val size: Int get() = registered.size

    /** Whether the next selection frees something. */
    val isLeaving: Boolean get() = !leaving.isEmpty()

    fun add(readiness: Readiness) {
        // Ktor closes a channel that failed to connect without a word.
        if (registered.size >= pruneAt) {
            registered.removeIf {
                if (!it.isRegistered) it.release()
                !it.isRegistered
            }
            pruneAt = maxOf(INITIAL_LIMIT, registered.size * 2)
        }
        registered.add(readiness)
    }

    /** Forgets [readiness], whose channel has been closed, and runs [freed] after the selection that really closes it. */
    fun remove(readiness: Readiness, freed: Runnable) {
        registered.remove(readiness)
        readiness.release()
        if (readiness.channel.isRegistered) leaving.add(freed) else freed.run()
    }

    /** To be called after a selection. What the actions close waits for the next one. */
    fun selected() {
        repeat(leaving.size) { loop.runTask(leaving.removeFirst()::run) }
    }

    /** Fails whoever waits with [cause]; they may run on inline, close what they have, and so come back here. */
    fun failAll(cause: EventLoopClosed) {
        val waiting = registered.toList()
        registered.clear()
        waiting.forEach { loop.runTask { it.fail(cause) } }
        waiting.forEach(Readiness::release)
    }

    /** Has the fallback thread do what waited for a selection, when the selector has been closed. */
    fun end() {
        leaving.forEach(Fallback::execute)
        leaving.clear()
    }

    private companion object {
        const val INITIAL_LIMIT = 64
    }
}
