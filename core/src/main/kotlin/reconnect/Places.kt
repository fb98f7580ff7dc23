package io.hawser.reconnect

import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.Job
import kotlinx.coroutines.channels.Channel

/**
 * Who has which place of a pool: there are [max], whatever is in them, and [minIdle] things shall wait in them to be borrowed.
 *
 * ```
 *                      enter          giveBack
 *  free --enter--> making --made--> lent <-----> idle <--added-- adding <--add-- free
 *                                    |            |
 *                                    '--retire----'--discard--> closing --closed--> free
 * ```
 *
 * A place that becomes free, and a thing that is given back, goes to whoever waits longest. So while somebody waits nothing is idle and
 * no place is free. It changes only what it knows: what it returns tells the caller what to do.
 */
internal class Places<T : Any>(private val max: Int, private val minIdle: Int = 0) {
    /** What somebody who has entered got. */
    sealed interface Grant<out T> {
        /** [thing] is his to use, and he gives it back or retires it. */
        data class Lent<T>(val thing: T) : Grant<T>

        /** He may make one, and says how that went. */
        data object Empty : Grant<Nothing>

        /** Nobody gets anything any more. */
        data object Refused : Grant<Nothing>
    }

    /** Somebody who has entered. */
    class Visit<T> {
        /** Guarded by the monitor of the places. */
        internal var granted: Grant<T>? = null
        private val told = CompletableDeferred<Unit>()

        /** Suspends until there is a grant. Whoever cancels it calls [leave], because there may be one all the same. */
        suspend fun await(): Grant<T> {
            told.await()
            return checkNotNull(granted)
        }

        internal fun tell() {
            told.complete(Unit)
        }
    }

    private enum class Life { Open, Draining, Cut }

    /** Guarded by the monitor, like what follows. The last one was used last. */
    private val resting = ArrayDeque<T>()
    private val lent = mutableSetOf<T>()
    private val visits = ArrayDeque<Visit<T>>()
    private var life = Life.Open
    private var making = 0
    private var adding = 0
    private var closing = 0

    /** Has an element when there may be a reason to [add]. */
    val wanted = Channel<Unit>(Channel.CONFLATED)

    /** Completed once nobody gets anything any more and every place is free. */
    val over = Job()

    val size: Int @Synchronized get() = taken
    val idle: Int @Synchronized get() = resting.size
    val borrowed: Int @Synchronized get() = lent.size + making
    val waiting: Int @Synchronized get() = visits.size

    private val taken: Int get() = resting.size + lent.size + making + adding + closing
    private val lacks: Boolean get() = life == Life.Open && visits.isEmpty() && resting.size + adding < minIdle && taken < max

    /** Gets what is idle, or a free place, or waits: behind all others, or before them if it has waited before and comes [again]. */
    fun enter(again: Boolean = false): Visit<T> = change {
        val visit = Visit<T>()
        if (life != Life.Open) {
            grant(visit, Grant.Refused)
        } else if (resting.isNotEmpty()) {
            lend(visit, resting.removeLast())
        } else if (taken < max) {
            grantPlace(visit)
        } else if (again) {
            visits.addFirst(visit)
        } else {
            visits.addLast(visit)
        }
        visit
    }

    /** Does not want it any more; returns what was granted already, which is now the caller's to give back. */
    fun leave(visit: Visit<T>): Grant<T>? = change {
        visits.remove(visit)
        visit.granted
    }

    /** The place that was empty has [thing] in it, which is lent. False if everything has been cut: then it is to be closed. */
    fun made(thing: T): Boolean = change {
        making--
        if (life == Life.Cut) closing++ else lent.add(thing)
        life != Life.Cut
    }

    /** The place that was empty stays so. */
    fun notMade(): Unit = change {
        making--
        passOn()
    }

    /** [thing] is not used any more. */
    fun giveBack(thing: T): Kept = change {
        if (!lent.remove(thing)) return@change Kept.Gone
        keep(thing)
    }

    /** [thing], which was lent, is not to be lent again. False if it has been cut: then somebody else sees to it. */
    fun retire(thing: T): Boolean = change {
        lent.remove(thing).also { if (it) closing++ }
    }

    /** [thing], which was idle, is not to be lent again. False if it is not idle any more. */
    fun discard(thing: T): Boolean = change {
        resting.removeIf { it === thing }.also { if (it) closing++ }
    }

    /** What was to be closed is. */
    fun closed(): Unit = change {
        closing--
        passOn()
    }

    /** Whether there is a place to make one that is lacking, which the caller then does. */
    fun add(): Boolean = change {
        lacks.also { if (it) adding++ }
    }

    /** The one that was lacking has been made. */
    fun added(thing: T): Kept = change {
        adding--
        keep(thing)
    }

    /** The one that was lacking could not be made. */
    fun notAdded(): Unit = change {
        adding--
        passOn()
    }

    /** From now on nobody enters, and what is given back is closed. Returns what was idle, to be closed. */
    fun drain(): List<T> = change {
        if (life == Life.Open) life = Life.Draining
        visits.forEach { grant(it, Grant.Refused) }
        visits.clear()
        resting.toList().also {
            closing += it.size
            resting.clear()
        }
    }

    /** As [drain], and what is lent is gone too. Returns all of it, to be closed. */
    fun cut(): List<T> = change {
        life = Life.Cut
        visits.forEach { grant(it, Grant.Refused) }
        visits.clear()
        (resting + lent).also {
            closing += it.size
            resting.clear()
            lent.clear()
        }
    }

    /** What became of a thing that nobody uses. */
    enum class Kept {
        /** It waits to be borrowed. */
        Idle,

        /** Somebody else has it. */
        Lent,

        /** It is to be closed by who brought it. */
        Refused,

        /** It has been cut. */
        Gone,
    }

    private class Changes<T> {
        val granted = ArrayList<Visit<T>>(1)
    }

    private fun Changes<T>.keep(thing: T): Kept {
        if (life != Life.Open) {
            closing++
            return Kept.Refused
        }
        val next = visits.removeFirstOrNull()
        if (next == null) resting.addLast(thing) else lend(next, thing)
        return if (next == null) Kept.Idle else Kept.Lent
    }

    /** Gives a place that has become free to whoever waits longest. */
    private fun Changes<T>.passOn() {
        visits.removeFirstOrNull()?.let { grantPlace(it) }
    }

    private fun Changes<T>.grantPlace(visit: Visit<T>) {
        making++
        grant(visit, Grant.Empty)
    }

    private fun Changes<T>.lend(visit: Visit<T>, thing: T) {
        lent.add(thing)
        grant(visit, Grant.Lent(thing))
    }

    private fun Changes<T>.grant(visit: Visit<T>, what: Grant<T>) {
        visit.granted = what
        granted += visit
    }

    /** Tells whom it concerns when the monitor has been given back: they may go on right here. */
    private inline fun <R> change(block: Changes<T>.() -> R): R {
        val changes = Changes<T>()
        var isLacking = false
        var isOver = false
        val result = synchronized(this) {
            changes.block().also {
                isLacking = lacks
                isOver = life != Life.Open && taken == 0
            }
        }
        changes.granted.forEach(Visit<T>::tell)
        if (isLacking) wanted.trySend(Unit)
        if (isOver) over.complete()
        return result
    }
}
