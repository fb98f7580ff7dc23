package io.hawser.reconnect

import io.hawser.Connection
import io.hawser.ReadTimeout
import io.hawser.StreamClient
import io.hawser.reconnect.Places.Grant
import io.hawser.reconnect.Places.Kept
import io.hawser.transport.TransportApi
import java.util.concurrent.atomic.AtomicInteger
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CompletableJob
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.CoroutineStart.ATOMIC
import kotlinx.coroutines.CoroutineStart.LAZY
import kotlinx.coroutines.DelicateCoroutinesApi
import kotlinx.coroutines.ExperimentalCoroutinesApi
import kotlinx.coroutines.Job
import kotlinx.coroutines.NonCancellable
import kotlinx.coroutines.currentCoroutineContext
import kotlinx.coroutines.delay
import kotlinx.coroutines.ensureActive
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.launch
import kotlinx.coroutines.withContext
import kotlinx.coroutines.withTimeoutOrNull

/** What a pool does: makes, watches, checks and closes the connections that [places] keeps account of. */
@OptIn(TransportApi::class, DelicateCoroutinesApi::class, ExperimentalCoroutinesApi::class)
internal class PoolCrew(
    private val client: StreamClient,
    private val options: PoolOptions,
    private val places: Places<Pooled>,
    draining: StateFlow<Boolean>,
    private val home: CoroutineScope,
) {
    private val dial = client.dial(draining)

    /** How many connections in a row, made in the background, have ended at once, without anybody having had them. */
    private val vain = AtomicInteger()

    /**
     * Gives [hold] a connection that can be used, which is lent from then on.
     *
     * @throws PoolClosed if nothing is lent any more, or what [StreamClient.connect] throws.
     */
    suspend fun borrow(hold: (Pooled) -> Unit) {
        var again = false
        while (true) {
            // Whoever is cancelled already takes nothing.
            currentCoroutineContext().ensureActive()
            when (val grant = await(places.enter(again))) {
                is Grant.Lent -> if (isReady(grant.thing)) return hold(grant.thing) else retire(grant.thing)
                Grant.Empty -> return hold(make())
                Grant.Refused -> throw PoolClosed(client.endpoint)
            }
            again = true
        }
    }

    /** Takes [lent] back, to be lent again if that can be. Cancelled it has not been taken back. */
    suspend fun takeBack(lent: Pooled) {
        val isFit = try {
            isFit(lent)
        } catch (_: Exception) {
            // Whatever is wrong with it, who has used it is through.
            currentCoroutineContext().ensureActive()
            false
        }
        if (isFit) rest(lent) else retire(lent)
    }

    /** [lent] is not to be lent again. */
    fun retire(lent: Pooled) {
        if (places.retire(lent)) close(lent)
    }

    /** Closes all of [things], whose places are free when that is done. */
    fun close(things: List<Pooled>): Unit = things.forEach(::close)

    /** Makes what is lacking, again and again [until] that has completed, or the policy gives up. */
    fun fill(until: Job) {
        home.launch {
            unless(until) {
                var failures = 0
                var seen = 0
                while (true) {
                    val ended = vain.get()
                    // A server that accepts and hangs up, or talks first, is as little use as one that refuses.
                    if (ended > seen) delay(options.backoff.delayAfter(ended, null) ?: break)
                    seen = ended
                    if (!places.add()) {
                        places.wanted.receive()
                        continue
                    }
                    val failure = add()
                    failures = if (failure == null) 0 else failures + 1
                    if (failure != null) delay(options.backoff.delayAfter(failures, failure) ?: break)
                }
            }
        }
    }

    /** Nothing is left to do. */
    fun dismiss() {
        (home.coroutineContext[Job] as CompletableJob).complete()
    }

    private suspend fun await(visit: Places.Visit<Pooled>): Grant<Pooled> {
        try {
            return visit.await()
        } catch (e: Throwable) {
            when (val grant = places.leave(visit)) {
                is Grant.Lent -> rest(grant.thing)
                Grant.Empty -> places.notMade()
                Grant.Refused, null -> Unit
            }
            throw e
        }
    }

    private suspend fun make(): Pooled {
        val made = try {
            Pooled(client.connect(dial))
        } catch (e: Throwable) {
            places.notMade()
            throw e
        }
        if (places.made(made)) return made
        close(made)
        throw PoolClosed(client.endpoint)
    }

    /** Makes one that is lacking. Returns what that failed with, if it did. */
    private suspend fun add(): Throwable? {
        val made = try {
            Pooled(client.connect(dial))
        } catch (e: Throwable) {
            places.notAdded()
            currentCoroutineContext().ensureActive()
            return e
        }
        made.isUntried = true
        val rest = Rest().also { made.rest = it }
        settle(made, rest, places.added(made))
        return null
    }

    /** Puts [lent], which nobody uses any more and nobody watches, where others get it. */
    private fun rest(lent: Pooled) {
        val rest = Rest().also { lent.rest = it }
        settle(lent, rest, places.giveBack(lent))
    }

    private fun settle(thing: Pooled, rest: Rest, kept: Kept) {
        when (kept) {
            Kept.Idle -> rest.begin(home.launch(thing.loop.dispatcher, LAZY) { watch(thing) })
            Kept.Refused -> close(thing)
            Kept.Lent, Kept.Gone -> Unit
        }
    }

    /** Waits until [idle] has been idle, or has lived, for long enough, or its peer says something, and closes it. */
    private suspend fun watch(idle: Pooled) {
        var isOld = false
        try {
            isOld = withTimeoutOrNull(minOf(options.idleTime, options.lifetime - idle.age)) { awaitPeer(idle.connection) } == null
        } catch (_: Exception) {
            // Lent, if it is cancelled; else the connection is gone, or somebody reads it who has given it back.
            currentCoroutineContext().ensureActive()
        }
        if (!places.discard(idle)) return
        if (idle.isUntried && !isOld && idle.age < AT_ONCE) vain.incrementAndGet()
        close(idle)
    }

    private suspend fun awaitPeer(connection: Connection) {
        while (true) {
            try {
                return connection.awaitReadable()
            } catch (_: ReadTimeout) {
                // Nobody reads it: silence is what it should keep.
            }
        }
    }

    /** Whether [thing], which has just been lent, can be used; if it throws it is lent no more. */
    private suspend fun isReady(thing: Pooled): Boolean {
        try {
            thing.rest?.end()
            if (thing.isUntried) {
                thing.isUntried = false
                vain.set(0)
            }
            val check = options.healthCheck
            return isFit(thing) && (check == null || (passes(check, thing.connection) && isFit(thing)))
        } catch (e: Throwable) {
            retire(thing)
            throw e
        }
    }

    private suspend fun isFit(thing: Pooled): Boolean = thing.age < options.lifetime && thing.connection.isReusable()

    private suspend fun passes(check: suspend (Connection) -> Boolean, connection: Connection): Boolean = try {
        withTimeoutOrNull(options.healthTimeout) { check(connection) } ?: false
    } catch (_: Exception) {
        currentCoroutineContext().ensureActive()
        false
    }

    private fun close(thing: Pooled) {
        thing.rest?.cancel()
        thing.connection.close()
        home.launch(thing.loop.dispatcher, ATOMIC) {
            withContext(NonCancellable) { thing.connection.awaitClosed() }
            places.closed()
        }
    }

    private companion object {
        /** Younger than this, a connection that ends was none. */
        val AT_ONCE = 1.seconds
    }
}
