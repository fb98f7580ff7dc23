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

    /** Those that wait or run. Guarded by itself, like their askers. */
    private val pending = HashMap<String, LookUp>()

    /**
     * The addresses of [host]. Cancelling returns at once, and takes back what has not begun and nobody else waits for.
     *
     * @throws UnknownHostException if there are none, or too many names wait.
     */
    suspend fun addresses(host: String): List<InetAddress> = suspendCancellableCoroutine { asker ->
        val lookUp = try {
            join(host, asker)
        } catch (_: RejectedExecutionException) {
            throw LookUpsBusy(host, threads, queue)
        }
        asker.invokeOnCancellation { lookUp.leave(asker) }
    }

    private fun join(host: String, asker: Asker): LookUp = synchronized(pending) {
        val lookUp = pending[host] ?: LookUp(host).also {
            pool.execute(it)
            pending[host] = it
        }
        lookUp.also { it.askers += asker }
    }

    private inner class LookUp(private val host: String) : Runnable {
        val askers = LinkedHashSet<Asker>()

        override fun run() {
            val result = runCatching { ask(host) }
            val waiting = synchronized(pending) {
                pending.remove(host)
                askers.toList()
            }
            waiting.forEach { asker -> asker.dispatched { resumeWith(result) } }
        }

        fun leave(asker: Asker): Unit = synchronized(pending) {
            askers -= asker
            if (askers.isEmpty() && pool.remove(this)) pending.remove(host)
        }
    }
}

/** The name [host] was not even looked up, because [threads] look-ups run and [queue] wait. */
internal class LookUpsBusy(host: String, threads: Int, queue: Int) :
    UnknownHostException("$host is not looked up: $threads look-ups run and $queue wait already")

private typealias Asker = CancellableContinuation<List<InetAddress>>
