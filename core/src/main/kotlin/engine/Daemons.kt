package io.hawser.engine

import io.hawser.transport.TransportApi
import java.util.concurrent.LinkedBlockingQueue
import java.util.concurrent.SynchronousQueue
import java.util.concurrent.ThreadFactory
import java.util.concurrent.ThreadPoolExecutor
import java.util.concurrent.TimeUnit.SECONDS
import java.util.concurrent.atomic.AtomicInteger
import kotlinx.coroutines.CoroutineDispatcher
import kotlinx.coroutines.asCoroutineDispatcher

/**
 * A pool of up to [threads] daemon threads that end when they have had nothing to do for a second. Up to [queue] tasks wait for one; more
 * are rejected.
 */
internal fun daemons(name: String, threads: Int, queue: Int = Int.MAX_VALUE): ThreadPoolExecutor {
    val pool = ThreadPoolExecutor(threads, threads, 1, SECONDS, LinkedBlockingQueue(queue), daemonThreads(name))
    pool.allowCoreThreadTimeOut(true)
    return pool
}

/** A daemon thread for each task that runs, kept for a second for the next. */
internal fun daemonsOnDemand(name: String): ThreadPoolExecutor =
    ThreadPoolExecutor(0, Int.MAX_VALUE, 1, SECONDS, SynchronousQueue(), daemonThreads(name))

private fun daemonThreads(name: String): ThreadFactory {
    val count = AtomicInteger()
    return ThreadFactory { task -> Thread(task, "$name-${count.incrementAndGet()}").apply { isDaemon = true } }
}

/** Where the coroutines of a loop that is no more finish. */
internal object Fallback {
    private val pool = daemons("hawser-fallback", threads = 1)

    fun execute(task: Runnable) = pool.execute(task)
}

/** Where files are read and looked at, so that a slow disk delays no loop. Made with its first use. */
@TransportApi
public val disk: CoroutineDispatcher = daemons("hawser-disk", threads = 4).asCoroutineDispatcher()
