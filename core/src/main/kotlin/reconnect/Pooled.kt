package io.hawser.reconnect

import io.hawser.Connection
import io.hawser.transport.TransportApi
import java.util.concurrent.atomic.AtomicReference
import kotlin.time.Duration
import kotlin.time.Duration.Companion.nanoseconds
import kotlinx.coroutines.Job
import kotlinx.coroutines.cancelAndJoin

/** A connection of a pool. Its [rest] is set by whoever has it, before others can. */
@OptIn(TransportApi::class)
internal class Pooled(val connection: Connection) {
    val loop = connection.transport.loop
    private val made = loop.nanoTime()

    /** The time it spends idle, or spent last; each time another one. */
    @Volatile
    var rest: Rest? = null

    /** It has been made in the background, and nobody has had it yet. */
    @Volatile
    var isUntried = false

    val age: Duration get() = (loop.nanoTime() - made).nanoseconds

    override fun toString(): String = "pooled $connection"
}

/** Somebody watches a connection while nobody has it. */
internal class Rest {
    private val watch = AtomicReference<Job?>()

    /** Has [watcher], which has not begun, watch, unless the rest is over already. */
    fun begin(watcher: Job) {
        if (watch.compareAndSet(null, watcher)) watcher.start() else watcher.cancel()
    }

    /** Nobody watches any more, without waiting for that. */
    fun cancel() {
        watch.getAndSet(over)?.cancel()
    }

    /** Returns when nobody watches any more. */
    suspend fun end() {
        watch.getAndSet(over)?.cancelAndJoin()
    }

    private companion object {
        val over: Job = Job().apply { complete() }
    }
}
