package io.hawser.testkit.host

import io.hawser.RunningServer
import io.hawser.event.ConnectionEvent
import io.hawser.event.DatagramEvent
import io.hawser.testkit.Memory
import io.hawser.testkit.shouldReceiveLine
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CountDownLatch
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.CoroutineStart.UNDISPATCHED
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withContext

class HostSpec : StringSpec({
    "what is still on its way from an earlier test is not recorded" {
        val host = hostOf({ Memory.server() }) { }
        runBlocking {
            host.around {
                host.server.serveOneUnseen()
                host.begin()
                val second = host.server.serveOneUnseen()
                host.events.first<ConnectionEvent.Closed>(within = 30.seconds) { it.id == second }
                host.events.all.filterIsInstance<ConnectionEvent>().map { it.id }.distinct() shouldBe listOf(second)
            }
        }
    }

    "events that were lost are counted where one is missed" {
        val host = hostOf({ Memory.server() }) { }
        runBlocking {
            host.around {
                host.begin()
                while (host.server.totals.droppedEvents == 0L) host.server.serveOneUnseen()
                shouldThrow<AssertionError> { host.events.first<DatagramEvent.Received>(within = 10.milliseconds) }.message shouldContain
                    Regex("there were, after [1-9][0-9]* that were lost,\n")
            }
        }
    }

    "a handler that does not end fails those who wait for it, and is shown" {
        val entered = CompletableDeferred<Unit>()
        val release = CountDownLatch(1)
        val host = Host(patience = 50.milliseconds) { scope, _ ->
            Memory.server().start(scope) { connection ->
                withContext(Dispatchers.IO) {
                    connection.writeLine("begun")
                    block(entered, release)
                }
            }
        }
        try {
            val failure = shouldThrow<AssertionError> {
                host.around {
                    Memory.client(host.server).connect { connection ->
                        connection shouldReceiveLine "begun"
                        entered.await()
                    }
                    error("of its own")
                }
            }
            failure.message shouldContain "has not ended 50ms after its close: handlers of 1 connections go on"
            failure.message shouldContain "HostSpecKt.block("
            failure.suppressed.single().message shouldBe "of its own"
        } finally {
            release.countDown()
        }
    }

    "a server that runs is not started again for others" {
        val host = hostOf({ Memory.server() }) { }
        host.around {
            val server = host.server
            shouldThrow<IllegalStateException> { host.around { } }.message shouldContain "runs already"
            (host.server === server) shouldBe true
        }
    }
})

/** Serves a connection while the thread of the caller, and so a recorder that shares it, waits; returns its id when it has ended. */
private fun RunningServer.serveOneUnseen(): Long = CompletableFuture.supplyAsync {
    runBlocking {
        val closed = async(start = UNDISPATCHED) { events.first { it is ConnectionEvent.Closed } as ConnectionEvent.Closed }
        Memory.client(this@serveOneUnseen).connect { }
        closed.await().id
    }
}.join()

/** Heeds no cancellation. */
private fun block(entered: CompletableDeferred<Unit>, until: CountDownLatch) {
    entered.complete(Unit)
    until.await()
}
