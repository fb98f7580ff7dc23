package io.hawser.testkit.fault

import io.hawser.DatagramClient
import java.net.SocketAddress
import kotlin.coroutines.CoroutineContext
import kotlin.time.Duration
import kotlinx.coroutines.CoroutineName
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.CoroutineStart.LAZY
import kotlinx.coroutines.Job
import kotlinx.coroutines.SupervisorJob
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.launch

/** The ways of all clients through a proxy of datagrams to [server]. Whoever makes it ends it with [close]. */
internal class Routes(
    private val server: DatagramClient,
    private val faults: LiveDatagramFaults,
    private var seed: Long,
    private val idleTimeout: Duration,
) {
    private class Running(val route: Route, val job: Job)

    private val life = SupervisorJob()

    /** Guarded by itself, like [seed]. */
    private val running = HashMap<SocketAddress, Running>()

    val count: Int get() = synchronized(running) { running.size }

    /** Takes in [bytes] of [client], whose answers go to [answer]; a way that there is not yet begins in [context]. Never waits. */
    fun pass(client: SocketAddress, bytes: ByteArray, context: CoroutineContext, clock: Clock, answer: suspend (ByteArray) -> Unit) {
        var begun: Job? = null
        synchronized(running) {
            val way = running[client] ?: begin(Route(client, faults, seed++, clock, answer), context).also { begun = it.job }
            way.route.offer(bytes)
        }
        begun?.start()
    }

    /** Ends all of them, and returns when nothing of them is left. */
    suspend fun close(): Unit = life.cancelAndJoin()

    private fun begin(route: Route, context: CoroutineContext): Running {
        if (running.size >= LIMIT) {
            running.values.minBy { it.route.lastActive }.run {
                remove(route)
                job.cancel()
            }
        }
        val job = CoroutineScope(context + life).launch(CoroutineName("way of ${route.client}"), start = LAZY) {
            try {
                route.run(server, idleTimeout) { retires(route) }
            } finally {
                synchronized(running) {
                    remove(route)
                    route.discard()
                }
            }
        }
        return Running(route, job).also { running[route.client] = it }
    }

    /** From now on the client's next datagram opens another way. */
    private fun retires(route: Route): Boolean = synchronized(running) {
        (route.idleTime() >= idleTimeout).also { if (it) remove(route) }
    }

    /** Another of the same client's stays. */
    private fun remove(route: Route) {
        if (running[route.client]?.route === route) running.remove(route.client)
    }

    private companion object {
        const val LIMIT = 1024
    }
}
