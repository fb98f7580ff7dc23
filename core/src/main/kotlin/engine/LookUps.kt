package io.hawser.engine

import java.net.InetAddress
import java.net.UnknownHostException
import java.util.concurrent.RejectedExecutionException
import kotlinx.coroutines.CancellableContinuation
import kotlinx.coroutines.suspendCancellableCoroutine

/**
 * Looks names up by asking [ask], which blocks, on up to [threads] threads of their own; up to [queue] more names wait for one of these.
 * A name that several ask for at the same time is looked up once.
 */
internal class LookUps(
    name: String,
    private val threads: Int,
    private val queue: Int,
    private val ask: (String) -> List<InetAddress>,
) {
    private val pool = daemons(name, threads, queue)

    /** Those that wait or run. Guarded by itself, like their waiters. */
    private val pending = HashMap<String, LookUp>()

    /**
     * The addresses of [host]. Cancelling returns at once, and takes back what has not begun and nobody else waits for.
     *
     * @throws UnknownHostException if there are none, or too many names wait.
     */
    suspend fun addresses(host: String): List<InetAddress> = suspendCancellableCoroutine { waiter ->
        val lookUp = try {
            join(host, waiter)
        } catch (_: RejectedExecutionException) {
            throw LookUpsBusy(host, threads, queue)
        }
        waiter.invokeOnCancellation { lookUp.leave(waiter) }
    }

    private fun join(host: String, waiter: Waiter): LookUp = synchronized(pending) {
        val lookUp = pending[host] ?: LookUp(host).also {
            pool.execute(it)
            pending[host] = it
        }
        lookUp.also { it.waiters += waiter }
    }

    private inner class LookUp(private val host: String) : Runnable {
        val waiters = LinkedHashSet<Waiter>()

        override fun run() {
            val result = runCatching { ask(host) }
            val waiting = synchronized(pending) {
                pending.remove(host)
                waiters.toList()
            }
            waiting.forEach { waiter -> waiter.dispatched { resumeWith(result) } }
        }

        fun leave(waiter: Waiter): Unit = synchronized(pending) {
            waiters -= waiter
            if (waiters.isEmpty() && pool.remove(this)) pending.remove(host)
        }
    }
}

/** The name [host] was not even looked up, because [threads] look-ups run and [queue] wait. */
internal class LookUpsBusy(host: String, threads: Int, queue: Int) :
    UnknownHostException("$host is not looked up: $threads look-ups run and $queue wait already")

private typealias Waiter = CancellableContinuation<List<InetAddress>>
