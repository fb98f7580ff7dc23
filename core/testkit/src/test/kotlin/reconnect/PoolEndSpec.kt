@file:OptIn(TransportApi::class)

package io.hawser.testkit.reconnect

import io.hawser.ConnectionClosed
import io.hawser.reconnect.PoolClosed
import io.hawser.reconnect.PoolOptions
import io.hawser.reconnect.pooled
import io.hawser.testkit.LeakCheck
import io.hawser.testkit.virtualTime
import io.hawser.transport.Layer
import io.hawser.transport.TransportApi
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeInstanceOf
import kotlin.time.Duration
import kotlin.time.Duration.Companion.minutes
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.CoroutineStart.UNDISPATCHED
import kotlinx.coroutines.Deferred
import kotlinx.coroutines.Job
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.cancel
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.delay
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.launch

/** How a pool ends. */
class PoolEndSpec : StringSpec({
    extension(LeakCheck)

    fun CoroutineScope.failureOf(call: suspend CoroutineScope.() -> Unit): Deferred<Throwable?> =
        async(start = UNDISPATCHED) { runCatching { coroutineScope { call() } }.exceptionOrNull() }

    "a close cuts everybody" {
        pooling(PoolOptions { maxConnections = 2 }, silent) {
            idOfNext()
            val reading = List(2) { failureOf { pool.withConnection { it.readLine() } } }
            val waiting = failureOf { pool.withConnection { } }
            settle()
            listOf(pool.borrowed, pool.waiting) shouldBe listOf(2, 1)
            pool.close()
            pool.close()
            reading.forEach { it.await().shouldBeInstanceOf<ConnectionClosed>() }
            waiting.await().shouldBeInstanceOf<PoolClosed>()
            pool.awaitClosed()
            listOf(pool.size, pool.idle, pool.borrowed, pool.waiting) shouldBe listOf(0, 0, 0, 0)
            shouldThrow<PoolClosed> { pool.withConnection { } }
        }
    }

    "a close cuts who connects and who checks, and does not wait for blocks that use nothing" {
        virtualTime {
            val server = server().start(this, silent)
            var isStuck = false
            val options = PoolOptions {
                maxConnections = 3
                healthCheck { awaitCancellation() }
                healthTimeout = 5.minutes
                borrowTimeout = 5.minutes
            }
            val pool = client(server).through(Layer { stream -> if (isStuck) awaitCancellation() else stream }).pooled(options).start(this)
            val lazy = async(start = UNDISPATCHED) { pool.withConnection { delay(10.minutes) } }
            settle()
            pool.withConnection { }
            val checking = failureOf { pool.withConnection { } }
            settle()
            isStuck = true
            val connecting = failureOf { pool.withConnection { } }
            settle()
            pool.borrowed shouldBe 3
            pool.close()
            pool.awaitClosed()
            (elapsed < 1.seconds) shouldBe true
            checking.await().shouldBeInstanceOf<PoolClosed>()
            connecting.await().shouldBeInstanceOf<PoolClosed>()
            pool.size shouldBe 0
            lazy.await()
            pool.size shouldBe 0
            server.close()
        }
    }

    "a shutdown refuses who comes and who waits, and lets borrowers finish" {
        pooling(
            PoolOptions {
                maxConnections = 2
                minIdle = 1
            },
        ) {
            val finishing = async {
                pool.withConnection { connection ->
                    connection.draining.first { it }
                    delay(3.seconds)
                    connection.writeLine("still there")
                    connection.readLine()
                }
            }
            val other = borrow()
            settle()
            val waiting = failureOf { pool.withConnection { } }
            other.release()
            waiting.await() shouldBe null
            val began = time.elapsed
            val stopping = launch(start = UNDISPATCHED) { pool.shutdown(10.seconds) }
            shouldThrow<PoolClosed> { pool.withConnection { } }
            settle()
            pool.idle shouldBe 0
            finishing.await() shouldBe "still there"
            stopping.join()
            (time.elapsed - began in 3.seconds..3.1.seconds) shouldBe true
            pool.size shouldBe 0
        }
    }

    "what is still borrowed when the grace is over is cut then" {
        pooling(PoolOptions { maxConnections = 1 }, silent) {
            val reading = failureOf { pool.withConnection { it.readLine() } }
            val waiting = failureOf { pool.withConnection { } }
            settle()
            val began = time.elapsed
            pool.shutdown(java.time.Duration.ofSeconds(4))
            time.elapsed - began shouldBe 4.seconds
            reading.await().shouldBeInstanceOf<ConnectionClosed>()
            waiting.await().shouldBeInstanceOf<PoolClosed>()
            shouldThrow<IllegalArgumentException> { pool.shutdown((-1).seconds) }.message shouldBe "grace is negative: -1s"
        }
    }

    "the end of its scope is its end" {
        virtualTime {
            val server = server().start(this, silent)
            val scope = CoroutineScope(coroutineContext + Job())
            val pool = client(server).pooled(
                PoolOptions {
                    maxConnections = 2
                    minIdle = 1
                },
            ).start(scope)
            val reading = List(2) { failureOf { pool.withConnection { it.readLine() } } }
            val waiting = failureOf { pool.withConnection { } }
            settle()
            scope.cancel()
            pool.awaitClosed()
            reading.forEach { it.await().shouldBeInstanceOf<ConnectionClosed>() }
            waiting.await().shouldBeInstanceOf<PoolClosed>()
            pool.size shouldBe 0
            shouldThrow<PoolClosed> { pool.withConnection { } }
            server.close()
        }
    }

    "a pool that is cancelled, closed or shut down as it starts has an end too" {
        val ends = listOf<suspend (io.hawser.reconnect.Pool, CoroutineScope) -> Unit>(
            { pool, _ -> pool.close() },
            { pool, _ -> pool.shutdown(Duration.ZERO) },
            { _, scope -> scope.cancel() },
        )
        for (end in ends) {
            virtualTime {
                val server = server().start(this, silent)
                val scope = CoroutineScope(coroutineContext + Job())
                val pool = client(server).pooled(PoolOptions { minIdle = 3 }).start(scope)
                end(pool, scope)
                pool.awaitClosed()
                pool.size shouldBe 0
                scope.cancel()
                settle()
                server.connectionCount.value shouldBe 0
                server.close()
            }
        }
    }
})
