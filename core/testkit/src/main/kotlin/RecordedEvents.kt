package io.hawser.testkit

import io.hawser.event.SocketEvent
import java.util.function.Predicate
import kotlin.reflect.KClass
import kotlin.time.Duration
import kotlin.time.toKotlinDuration
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.CoroutineStart.UNDISPATCHED
import kotlinx.coroutines.Job
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.flow.update
import kotlinx.coroutines.job
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeoutOrNull

/**
 * What has happened so far, for tests that ask whether something did, or wait until it does. It keeps the last 4 096 events, and counts
 * those before them as lost. Any thread.
 *
 * Whoever makes one by [recordIn] closes it, unless the flow ends by itself, as that of a server does.
 */
public class RecordedEvents internal constructor() : AutoCloseable {
    /** Guarded by itself. */
    private val events = ArrayDeque<SocketEvent>()

    /** What collects them; what another one still brings is not recorded. Guarded by [events]. */
    private var recording: Job? = null

    /** Those that had no place any more. Guarded by [events]. */
    private var forgotten = 0L

    /** Those that did not come as far as this. */
    @Volatile
    private var missed: () -> Long = { 0 }

    /** How many there have been, for those who wait. */
    private val count = MutableStateFlow(0L)

    /** All of them, the oldest first. */
    public val all: List<SocketEvent> get() = synchronized(events) { events.toList() }

    /** Forgets what has been recorded so far; what has just happened may still come. */
    public fun clear(): Unit = synchronized(events) {
        events.clear()
        forgotten = 0
    }

    /**
     * Returns the first event that [matches], one of those that have been or the next within [time]. Cancelling it changes nothing.
     *
     * @throws AssertionError listing what came instead, and saying how many were lost.
     */
    @JvmSynthetic
    public suspend fun within(time: Duration, matches: (SocketEvent) -> Boolean): SocketEvent = await("event", time, matches)

    /** As the other, of the events of type [E]. */
    @JvmSynthetic
    public suspend inline fun <reified E : SocketEvent> first(within: Duration, noinline matches: (E) -> Boolean = { true }): E =
        first(E::class, within, matches)

    /** For Java: as `within` for coroutines. The calling thread waits. */
    public fun within(time: java.time.Duration, matches: Predicate<SocketEvent>): SocketEvent =
        runBlocking { await("event", time.toKotlinDuration(), matches::test) }

    /** For Java: returns the first event of [type], one of those that have been or the next within [time]. The calling thread waits. */
    public fun <E : SocketEvent> within(time: java.time.Duration, type: Class<E>): E =
        runBlocking { first(type.kotlin, time.toKotlinDuration()) { true } }

    /** Records no more; what has been recorded stays. Idempotent. */
    override fun close() {
        synchronized(events) { recording.also { recording = null } }?.cancel()
    }

    override fun toString(): String = all.joinToString("\n").ifEmpty { "no event" }

    @PublishedApi
    internal suspend fun <E : SocketEvent> first(type: KClass<E>, within: Duration, matches: (E) -> Boolean): E {
        val name = type.java.name.substringAfterLast('.').replace('$', '.')
        @Suppress("UNCHECKED_CAST")
        return await(name, within) { type.isInstance(it) && matches(it as E) } as E
    }

    /**
     * Records [flow] in [scope], from before this returns, in the place of what was recorded and what is still on its way. [lost] counts
     * what the flow loses.
     */
    internal fun record(flow: Flow<SocketEvent>, scope: CoroutineScope, lost: () -> Long = { 0 }): RecordedEvents = apply {
        val before = lost()
        missed = { lost() - before }
        scope.launch(start = UNDISPATCHED) {
            val own = coroutineContext.job
            beginWith(own)?.cancel()
            flow.collect { add(it, own) }
        }
    }

    /** Empties the record for [job], and returns whose it was. */
    private fun beginWith(job: Job): Job? = synchronized(events) {
        clear()
        recording.also { recording = job }
    }

    private fun add(event: SocketEvent, from: Job) {
        synchronized(events) {
            if (recording !== from) return
            if (events.size == CAPACITY) {
                events.removeFirst()
                forgotten++
            }
            events.addLast(event)
        }
        count.update { it + 1 }
    }

    private suspend fun await(what: String, time: Duration, matches: (SocketEvent) -> Boolean): SocketEvent {
        all.firstOrNull(matches)?.let { return it }
        var found: SocketEvent? = null
        withTimeoutOrNull(time) {
            count.first {
                found = all.firstOrNull(matches)
                found != null
            }
        }
        return found ?: throw AssertionError("no $what within $time that matches; there were${lost()}\n" + "$this".prependIndent("  "))
    }

    private fun lost(): String {
        val lost = missed() + synchronized(events) { forgotten }
        return if (lost == 0L) "" else ", after $lost that were lost,"
    }

    private companion object {
        const val CAPACITY = 4096
    }
}

/**
 * Records the events of this flow in [scope], from before this returns until the flow completes, the scope is cancelled, or it is closed.
 * The scope waits for it.
 *
 * What happens after the call is recorded, unless the scope's thread is kept from it for over 1 024 events: then the oldest of them are
 * lost, which the totals of servers and sockets count.
 */
public fun Flow<SocketEvent>.recordIn(scope: CoroutineScope): RecordedEvents = RecordedEvents().record(this, scope)
