package io.hawser.testkit.reconnect

import io.hawser.Connection
import io.hawser.RunningServer
import io.hawser.copyTo
import io.hawser.reconnect.Pool
import io.hawser.reconnect.PoolOptions
import io.hawser.reconnect.pooled
import io.hawser.testkit.VirtualTime
import io.hawser.testkit.virtualTime
import kotlin.time.Duration.Companion.milliseconds
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.CompletableJob
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.CoroutineStart.UNDISPATCHED
import kotlinx.coroutines.Job
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.delay
import kotlinx.coroutines.launch

internal val echo: suspend CoroutineScope.(Connection) -> Unit = { it.copyTo(it) }

/** Runs [block] in virtual time with a pool of connections to a server that does [handler]; afterwards nothing may be left of either. */
internal fun pooling(
    options: PoolOptions = PoolOptions(),
    handler: suspend CoroutineScope.(Connection) -> Unit = echo,
    block: suspend Pooling.() -> Unit,
): Unit = virtualTime {
    server().start(this, handler).use { server ->
        val pool = client(server).pooled(options)
        coroutineScope {
            pool.start(this).use { Pooling(this@virtualTime, this, server, it).block() }
        }
        check(pool.size == 0) { "${pool.size} connections are left" }
        settle()
        check(server.connectionCount.value == 0) { "${server.connectionCount.value} connections are left at the server" }
    }
}

/** What [pooling] runs: a scope that is left before the pool is closed. */
internal class Pooling(val time: VirtualTime, scope: CoroutineScope, val server: RunningServer, val pool: Pool) : CoroutineScope by scope {
    /** Borrows a connection, says which, and keeps it until [release]. */
    suspend fun borrow(): Borrowed {
        val got = CompletableDeferred<Connection>()
        val release = Job()
        val job = launch(start = UNDISPATCHED) {
            pool.withConnection { connection ->
                got.complete(connection)
                release.join()
            }
        }
        return Borrowed(got.await(), release, job)
    }

    suspend fun idOfNext(): Long = pool.withConnection { it.id }
}

internal class Borrowed(val connection: Connection, private val release: CompletableJob, val job: Job) {
    suspend fun release() {
        release.complete()
        job.join()
    }
}

/** Has everything happen that happens at once. */
internal suspend fun settle(): Unit = delay(1.milliseconds)

/** Keeps its connection, and says nothing, until the peer closes it. */
internal val silent: suspend CoroutineScope.(Connection) -> Unit = { connection -> connection.incoming().collect { } }
