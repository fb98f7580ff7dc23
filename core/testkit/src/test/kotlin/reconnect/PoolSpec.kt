@file:OptIn(TransportApi::class)

package io.hawser.testkit.reconnect

import io.hawser.ConnectFailed
import io.hawser.reconnect.Backoff
import io.hawser.reconnect.PoolClosed
import io.hawser.reconnect.PoolOptions
import io.hawser.reconnect.PoolTimeout
import io.hawser.reconnect.pooled
import io.hawser.testkit.LeakCheck
import io.hawser.testkit.Memory
import io.hawser.testkit.virtualTime
import io.hawser.transport.Layer
import io.hawser.transport.TransportApi
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe
import kotlin.time.Duration
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.CoroutineStart.UNDISPATCHED
import kotlinx.coroutines.Job
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.delay
import kotlinx.coroutines.joinAll
import kotlinx.coroutines.launch

/** Who gets a connection of a pool, and when. */
class PoolSpec : StringSpec({
    extension(LeakCheck)

    "a connection is used again, the one that was used last first" {
        pooling {
            val first = borrow()
            val second = borrow()
            listOf(pool.size, pool.borrowed, pool.idle, pool.waiting) shouldBe listOf(2, 2, 0, 0)
            first.release()
            second.release()
            listOf(pool.size, pool.borrowed, pool.idle, pool.waiting) shouldBe listOf(2, 0, 2, 0)
            idOfNext() shouldBe second.connection.id
            val again = borrow()
            again.connection.id shouldBe second.connection.id
            idOfNext() shouldBe first.connection.id
            again.release()
            pool.withConnection { connection ->
                connection.writeLine("it works")
                connection.readLine()
            } shouldBe "it works"
            pool.size shouldBe 2
        }
    }

    "it runs once, between its start and its end" {
        virtualTime {
            val server = server().start(this, echo)
            val pool = client(server).pooled()
            shouldThrow<IllegalStateException> { pool.withConnection { } }.message shouldBe "$pool has not been started"
            coroutineScope {
                pool.start(this).use {
                    shouldThrow<IllegalStateException> { pool.start(this) }.message shouldBe "$pool has been started before"
                }
            }
            shouldThrow<PoolClosed> { pool.withConnection { } }.message shouldBe "the pool of connections to ${server.endpoint} is closed"
            shouldThrow<IllegalStateException> { pool.start(this) }.message shouldBe "$pool has been closed"
            client(server).pooled().run {
                close()
                awaitClosed()
                shutdown()
                shouldThrow<PoolClosed> { withConnection { } }
            }
            val over = CoroutineScope(Job().apply { cancel() })
            shouldThrow<IllegalStateException> { client(server).pooled().start(over) }
            server.close()
        }
    }

    "100 borrowers have 3 connections, in the order in which they came" {
        pooling(
            PoolOptions {
                maxConnections = 3
                borrowTimeout = 60.seconds
            },
        ) {
            val order = mutableListOf<Int>()
            val ids = mutableSetOf<Long>()
            List(100) { number ->
                launch {
                    pool.withConnection { connection ->
                        order += number
                        ids += connection.id
                        (pool.size <= 3) shouldBe true
                        delay(1.seconds)
                    }
                }
            }.joinAll()
            order shouldBe List(100) { it }
            ids.size shouldBe 3
            (time.elapsed in 34.seconds..34.1.seconds) shouldBe true
        }
    }

    "who waits too long is told for whom, for how long and for how many" {
        pooling(
            PoolOptions {
                maxConnections = 2
                borrowTimeout = 4.seconds
            },
        ) {
            val both = List(2) { borrow() }
            val began = time.elapsed
            val failure = shouldThrow<PoolTimeout> { pool.withConnection { } }
            time.elapsed - began shouldBe 4.seconds
            failure.message shouldBe
                "no connection to ${server.endpoint} could be borrowed within 4000 ms: there were 2 of at most 2"
            listOf(failure.endpoint, failure.timeout, failure.size, failure.maxConnections) shouldBe
                listOf(server.endpoint, java.time.Duration.ofSeconds(4), 2, 2)
            shouldThrow<PoolTimeout> { pool.withConnection(java.time.Duration.ofMillis(5)) { } }.timeout.toMillis() shouldBe 5
            shouldThrow<IllegalArgumentException> { pool.withConnection(Duration.ZERO) { } }.message shouldBe "timeout is not positive: 0s"
            pool.waiting shouldBe 0
            both.forEach { it.release() }
            pool.size shouldBe 2
        }
    }

    "a borrower's time is for waiting and for connecting together" {
        virtualTime {
            val server = server().start(this, echo)
            var isStuck = false
            val stuck = Layer { stream -> if (isStuck) awaitCancellation() else stream }
            client(server).through(stuck).pooled(PoolOptions { maxConnections = 1 }).start(this).use { pool ->
                val first =
                    launch(start = UNDISPATCHED) {
                        runCatching {
                            pool.withConnection {
                                delay(2.seconds)
                                error("so that it is closed")
                            }
                        }
                    }
                settle()
                isStuck = true
                val began = elapsed
                shouldThrow<PoolTimeout> { pool.withConnection(3.seconds) { } }.size shouldBe 0
                elapsed - began shouldBe 3.seconds
                first.join()
                pool.size shouldBe 0
                isStuck = false
                pool.withConnection { it.isOpen } shouldBe true
            }
            server.close()
        }
    }

    "who cannot connect is told why, and the next one may try" {
        virtualTime {
            Memory.client("nobody", loop).pooled(PoolOptions { maxConnections = 1 }).start(this).use { pool ->
                val failures = List(3) { async { runCatching { pool.withConnection { } }.exceptionOrNull() is ConnectFailed } }
                failures.map { it.await() } shouldBe listOf(true, true, true)
                pool.size shouldBe 0
            }
        }
    }

    "a call that is cancelled while it waits loses its place and changes nothing" {
        pooling(PoolOptions { maxConnections = 1 }) {
            val first = borrow()
            val order = mutableListOf<Int>()
            val waiting = List(3) { number -> launch { pool.withConnection { order += number } } }
            settle()
            pool.waiting shouldBe 3
            waiting[1].cancelAndJoin()
            pool.waiting shouldBe 2
            first.release()
            waiting.joinAll()
            order shouldBe listOf(0, 2)
            idOfNext() shouldBe first.connection.id
        }
    }

    "as many are made in the background as are to be idle, and not more than there may be" {
        pooling(
            PoolOptions {
                maxConnections = 3
                minIdle = 2
            },
        ) {
            settle()
            listOf(pool.size, pool.idle) shouldBe listOf(2, 2)
            val first = borrow()
            settle()
            listOf(pool.size, pool.idle) shouldBe listOf(3, 2)
            val second = borrow()
            settle()
            listOf(pool.size, pool.idle) shouldBe listOf(3, 1)
            first.job.cancelAndJoin()
            settle()
            listOf(pool.size, pool.idle, server.connectionCount.value) shouldBe listOf(3, 2, 3)
            second.release()
            listOf(pool.size, pool.idle) shouldBe listOf(3, 3)
        }
    }

    "who waits gets what was made in the background, and the policy says when that is tried again" {
        virtualTime {
            val attempts = mutableListOf<Duration>()
            val refusing = Layer { stream ->
                attempts += elapsed
                if (attempts.size < 4) error("not yet") else stream
            }
            val server = server().start(this, echo)
            val options = PoolOptions {
                maxConnections = 1
                minIdle = 1
                backoff = Backoff.exponential(1.seconds, ceiling = 60.seconds)
            }
            client(server).through(refusing).pooled(options).start(this).use { pool ->
                delay(6.seconds)
                pool.size shouldBe 0
                delay(1.5.seconds)
                attempts shouldBe listOf(0, 1, 3, 7).map { it.seconds }
                listOf(pool.size, pool.idle) shouldBe listOf(1, 1)
            }
            client(server).through(Layer { error("never") }).pooled(
                PoolOptions {
                    minIdle = 1
                    backoff = Backoff.never
                },
            ).start(this).use { pool ->
                delay(1.seconds)
                pool.size shouldBe 0
            }
            server.close()
        }
    }

    "options say what they are, and what is wrong with them" {
        "${PoolOptions()}" shouldBe
            "PoolOptions(maxConnections=8, minIdle=0, borrowTimeout=5s, idleTime=1m, lifetime=30m, healthTimeout=1s)"
        val java = PoolOptions.builder().maxConnections(2).minIdle(1).borrowTimeout(java.time.Duration.ofMillis(10)).idleTime(null)
            .lifetime(null).healthTimeout(null).backoff(Backoff.never).build()
        java.borrowTimeout shouldBe 10.milliseconds
        java.idleTimeAsJava() shouldBe null
        "${java.toBuilder().build()}" shouldBe "$java"
        shouldThrow<IllegalArgumentException> { PoolOptions { maxConnections = 0 } }.message shouldBe "maxConnections < 1: 0"
        shouldThrow<IllegalArgumentException> { PoolOptions { minIdle = 9 } }.message shouldBe "minIdle is not in 0..8: 9"
        shouldThrow<IllegalArgumentException> { PoolOptions { idleTime = Duration.ZERO } }.message shouldBe "idleTime is not positive: 0s"
    }
})
