@file:OptIn(TransportApi::class)

package io.hawser.testkit.reconnect

import io.hawser.ClientOptions
import io.hawser.Connection
import io.hawser.reconnect.Backoff
import io.hawser.reconnect.PoolOptions
import io.hawser.reconnect.pooled
import io.hawser.testkit.LeakCheck
import io.hawser.testkit.virtualTime
import io.hawser.transport.Layer
import io.hawser.transport.TransportApi
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.shouldNotBe
import java.io.IOException
import kotlin.time.Duration
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.minutes
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.CoroutineStart.UNDISPATCHED
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.cancel
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.delay
import kotlinx.coroutines.launch

/** Which connections a pool lends once more, and which it closes. */
class PoolHygieneSpec : StringSpec({
    extension(LeakCheck)

    "an idle connection whose peer ends it is closed at once, and so is one on which something comes" {
        val orders = Channel<String>()
        pooling(handler = { connection -> if (orders.receive() == "say") connection.writeLine("unasked").also { connection.readLine() } }) {
            for (order in listOf("end", "say")) {
                idOfNext()
                pool.idle shouldBe 1
                orders.send(order)
                settle()
                listOf(pool.idle, pool.size) shouldBe listOf(0, 0)
            }
        }
    }

    "an idle connection that the peer resets is closed at once" {
        pooling(handler = { connection ->
            connection.readLine()
            delay(1.seconds)
            connection.abort()
        }) {
            pool.withConnection { it.writeLine("go") }
            pool.idle shouldBe 1
            delay(2.seconds)
            pool.size shouldBe 0
        }
    }

    val spoiling = mapOf<String, suspend CoroutineScope.(Connection) -> Unit>(
        "has been closed" to { it.close() },
        "has been aborted" to { it.abort() },
        "has ended its output" to { it.shutdownOutput() },
        "has read ahead what nobody took" to {
            it.writeLine("one\ntwo")
            it.readLine()
        },
        "is still to be answered, and has been" to {
            it.writeLine("ping")
            it.awaitReadable()
        },
        "has been upgraded" to { it.upgrade(Layer { stream -> stream }) },
    )
    for ((what, spoil) in spoiling) {
        "a connection that $what is not lent again" {
            pooling {
                val id = pool.withConnection { connection -> connection.id.also { spoil(connection) } }
                settle()
                listOf(pool.idle, pool.size) shouldBe listOf(0, 0)
                idOfNext() shouldNotBe id
            }
        }
    }

    "a connection that somebody still reads is not lent again" {
        pooling {
            val stranger = pool.withConnection { connection ->
                this@pooling.launch(start = UNDISPATCHED) { shouldThrow<IOException> { connection.readLine() } }
            }
            stranger.join()
            pool.idle shouldBe 0
        }
    }

    "a connection whose block failed or was cancelled is not lent again" {
        pooling {
            val ids = mutableListOf<Long>()
            shouldThrow<IllegalStateException> {
                pool.withConnection { connection ->
                    ids += connection.id
                    error("a failure of the block")
                }
            }.message shouldBe "a failure of the block"
            shouldThrow<IllegalStateException> {
                pool.withConnection { connection ->
                    ids += connection.id
                    launch { error("a failure of what it launched") }
                }
            }
            val cancelled = borrow()
            ids += cancelled.connection.id
            cancelled.job.cancel()
            cancelled.job.join()
            settle()
            pool.size shouldBe 0
            ids.toSet().size shouldBe 3
        }
    }

    val useless = mapOf<String, suspend (Connection) -> Unit>(
        "hangs up" to { },
        "talks first" to { connection ->
            connection.writeLine("220 ready")
            connection.readLine()
        },
    )
    for ((what, handler) in useless) {
        "a server that $what at once is not stormed for idle connections" {
            virtualTime {
                var accepted = 0
                val server = server().start(this) {
                    accepted++
                    handler(it)
                }
                val pool = client(server).pooled(
                    PoolOptions {
                        minIdle = 1
                        backoff = Backoff.constant(1.seconds)
                    },
                ).start(this)
                delay(9.5.seconds)
                accepted shouldBe 10
                pool.close()
                pool.awaitClosed()
                server.shutdown(Duration.ZERO)
            }
        }
    }

    "who is cancelled already costs no connection" {
        pooling {
            val id = idOfNext()
            val cancelled = launch {
                coroutineContext.cancel()
                pool.withConnection { }
            }
            cancelled.join()
            idOfNext() shouldBe id
        }
    }

    "a connection is closed when it has been idle, or has lived, for long enough" {
        pooling(
            PoolOptions {
                idleTime = 10.seconds
                lifetime = 25.seconds
            },
        ) {
            val id = idOfNext()
            delay(9.9.seconds)
            idOfNext() shouldBe id
            delay(9.9.seconds)
            val began = time.elapsed
            idOfNext() shouldBe id
            delay(5.seconds)
            pool.idle shouldBe 1
            delay(300.milliseconds)
            pool.size shouldBe 0
            (time.elapsed - began < 6.seconds) shouldBe true
            idOfNext() shouldNotBe id
            delay(9.9.seconds)
            pool.size shouldBe 1
            delay(200.milliseconds)
            pool.size shouldBe 0
            val old = borrow()
            delay(1.minutes)
            old.connection.isOpen shouldBe true
            old.release()
            settle()
            pool.size shouldBe 0
        }
    }

    "silence is no reason to close an idle connection, whatever the client's read timeout" {
        virtualTime {
            val server = server().start(this, echo)
            val pool = client(server, ClientOptions { readTimeout = 1.seconds }).pooled(PoolOptions { idleTime = Duration.INFINITE })
            pool.start(this).use {
                val id = pool.withConnection { it.id }
                delay(10.minutes)
                pool.withConnection { it.id } shouldBe id
            }
            server.close()
        }
    }

    "a health check decides who is lent once more" {
        var verdict: suspend (Connection) -> Boolean = { error("a new connection is not checked") }
        pooling(
            PoolOptions {
                healthCheck { verdict(it) }
                healthTimeout = 2.seconds
            },
        ) {
            var id = idOfNext()
            verdict = { connection ->
                connection.writeLine("are you there")
                connection.readLine() == "are you there"
            }
            idOfNext() shouldBe id
            val verdicts = listOf<suspend (Connection) -> Boolean>(
                { false },
                { throw IOException("no") },
                { awaitCancellation() },
                {
                    it.writeLine("left unread")
                    it.awaitReadable()
                    true
                },
            )
            for (next in verdicts) {
                verdict = next
                val began = time.elapsed
                val other = idOfNext()
                other shouldNotBe id
                (time.elapsed - began <= 2.seconds) shouldBe true
                settle()
                pool.size shouldBe 1
                id = other
            }
        }
    }

    "a borrower who is cancelled during the health check leaves nothing lent" {
        pooling(
            PoolOptions {
                healthCheck { awaitCancellation() }
                healthTimeout = 1.minutes
            },
        ) {
            idOfNext()
            val checking = launch(start = UNDISPATCHED) { pool.withConnection { error("it is not healthy") } }
            settle()
            pool.borrowed shouldBe 1
            checking.cancel()
            checking.join()
            settle()
            pool.size shouldBe 0
        }
    }
})
