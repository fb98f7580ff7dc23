@file:OptIn(io.hawser.transport.TransportApi::class)

package io.hawser.engine

import io.hawser.EventLoopClosed
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.comparables.shouldBeLessThan
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldStartWith
import io.kotest.matchers.types.shouldBeInstanceOf
import io.kotest.matchers.types.shouldBeSameInstanceAs
import io.ktor.network.sockets.InetSocketAddress
import io.ktor.network.sockets.aSocket
import java.lang.management.ManagementFactory
import java.net.Socket
import java.nio.ByteBuffer
import java.nio.channels.Pipe
import java.nio.channels.SelectionKey.OP_READ
import kotlin.coroutines.Continuation
import kotlin.coroutines.EmptyCoroutineContext
import kotlin.coroutines.startCoroutine
import kotlin.time.Duration
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.CoroutineStart.UNDISPATCHED
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.delay
import kotlinx.coroutines.launch
import kotlinx.coroutines.withContext
import kotlinx.coroutines.withTimeout
import kotlinx.coroutines.withTimeoutOrNull

class EventLoopSpec : StringSpec({
    timeout = 60_000

    "coroutines of a loop run on its one daemon thread" {
        group(loops = 1) { loop ->
            withContext(loop) {
                loop.isCurrent shouldBe true
                Thread.currentThread().name shouldStartWith "test-loop-1"
                Thread.currentThread().isDaemon shouldBe true
            }
            loop.isCurrent shouldBe false
        }
    }

    "tasks run in the order they were dispatched, from whatever thread" {
        group(loops = 1) { loop ->
            val order = mutableListOf<Int>()
            coroutineScope { repeat(1_000) { launch(loop) { order += it } } }
            order.shouldContainExactly(List(1_000) { it })
        }
    }

    "two coroutines that keep each other busy do not starve timers and sockets" {
        group(loops = 1) { loop ->
            coroutineScope {
                val ping = Channel<Int>()
                val pong = Channel<Int>()
                val players = launch(loop) {
                    launch { for (i in ping) pong.send(i + 1) }
                    ping.send(0)
                    for (i in pong) ping.send(i + 1)
                }
                repeat(20) {
                    withTimeout(10.seconds) {
                        val tick = CompletableDeferred<Unit>()
                        loop.schedule(1.milliseconds) { tick.complete(Unit) }
                        tick.await()
                    }
                }
                piped { source, sink ->
                    val waiting = async(loop) { loop.readiness(source).await(OP_READ) }
                    sink.write(ByteBuffer.allocate(1))
                    withTimeout(10.seconds) { waiting.await() }
                }
                players.cancelAndJoin()
            }
        }
    }

    "actions are run when they are due, in order, unless they are disposed" {
        group(loops = 1) { loop ->
            val ran = Channel<String>(Channel.UNLIMITED)
            loop.schedule(2.seconds) { ran.trySend("second") }
            loop.schedule(1.seconds) { ran.trySend("never") }.dispose()
            loop.schedule(Duration.ZERO) { ran.trySend("first") }
            loop.schedule(Duration.INFINITE) { ran.trySend("never") }
            withTimeout(10.seconds) { listOf(ran.receive(), ran.receive()) }.shouldContainExactly("first", "second")
        }
    }

    "a task that throws harms neither the loop nor the next task" {
        group(loops = 1) { loop ->
            loop.execute { throw AssertionError("from a task") }
            withContext(loop) { loop.isAlive shouldBe true }
        }
    }

    "an interrupt of its thread makes a loop neither spin nor close a channel" {
        group(loops = 1) { loop ->
            withContext(loop) { Thread.currentThread().interrupt() }
            withContext(loop) { Thread.currentThread().isInterrupted shouldBe false }
            val thread = withContext(loop) { Thread.currentThread() }
            thread.interrupt()
            piped { source, sink ->
                val waiting = async(loop, start = UNDISPATCHED) { loop.readiness(source).await(OP_READ) }
                thread.interrupt()
                sink.write(ByteBuffer.allocate(1))
                waiting.await()
                source.isOpen shouldBe true
            }
            cpuShareAtRest(thread) shouldBeLessThan 0.03
        }
    }

    "an idle loop uses no CPU" {
        group(loops = 1) { loop ->
            cpuShareAtRest(withContext(loop) { Thread.currentThread() }) shouldBeLessThan 0.03
        }
    }

    "a cancelled wait can be tried again at once, ten thousand times" {
        group(loops = 2) { loop ->
            piped { source, sink ->
                for (context in listOf(loop, EmptyCoroutineContext)) {
                    withContext(context) {
                        val readiness = withContext(loop) { loop.readiness(source) }
                        repeat(10_000) {
                            launch(start = UNDISPATCHED) { readiness.await(OP_READ) }.cancelAndJoin()
                        }
                        val waiting = launch(start = UNDISPATCHED) { readiness.await(OP_READ) }
                        sink.write(ByteBuffer.allocate(1))
                        waiting.join()
                        source.read(ByteBuffer.allocate(1)) shouldBe 1
                    }
                }
            }
        }
    }

    "a cancellation that comes late takes nobody else's place" {
        group(loops = 1) { loop ->
            piped { source, sink ->
                val readiness = withContext(loop) { loop.readiness(source) }
                repeat(2_000) {
                    val first = launch(start = UNDISPATCHED) { readiness.await(OP_READ) }
                    val cancelling = launch(kotlinx.coroutines.Dispatchers.Default) { first.cancel() }
                    first.join()
                    val second = async(start = UNDISPATCHED) { readiness.await(OP_READ) }
                    cancelling.join()
                    sink.write(ByteBuffer.allocate(1))
                    withTimeout(10.seconds) { second.await() }
                    source.read(ByteBuffer.allocate(1)) shouldBe 1
                }
            }
        }
    }

    "a second waiter for the same direction is refused" {
        group(loops = 1) { loop ->
            piped { source, _ ->
                val readiness = withContext(loop) { loop.readiness(source) }
                val first = launch(start = UNDISPATCHED) { readiness.await(OP_READ) }
                shouldThrow<IllegalStateException> { readiness.await(OP_READ) }.message shouldContain "two coroutines"
                first.isActive shouldBe true
                first.cancel()
            }
        }
    }

    "Ktor's own sockets live on a loop, and their accept can be cancelled and tried again" {
        group(loops = 1) { loop ->
            val server = aSocket(loop).tcp().bind(InetSocketAddress("127.0.0.1", 0))
            repeat(200) { withTimeoutOrNull(1.milliseconds) { server.accept() } shouldBe null }
            val port = (server.localAddress as InetSocketAddress).port
            Socket("127.0.0.1", port).use { server.accept().close() }
            server.close()
        }
    }

    "closing a loop fails its waiters and lets its coroutines finish elsewhere" {
        val group = EventLoopGroup(
            EventLoopOptions {
                loops = 1
                name = "test"
            },
        )
        val loop = group.next()
        piped { source, _ ->
            val elsewhere = async(start = UNDISPATCHED) { runCatching { loop.readiness(source).await(OP_READ) } }
            val finished = CompletableDeferred<String>()
            val began = CompletableDeferred<Unit>()
            val own = launch(loop) {
                try {
                    began.complete(Unit)
                    awaitCancellation()
                } finally {
                    withContext(kotlinx.coroutines.NonCancellable) { delay(1.milliseconds) }
                    finished.complete(Thread.currentThread().name)
                }
            }
            began.await()
            group.close()
            elsewhere.await().exceptionOrNull().shouldBeInstanceOf<EventLoopClosed>().message shouldBe "event loop test-loop-1 is closed"
            own.cancelAndJoin()
            finished.await() shouldStartWith "hawser-fallback"
            shouldThrow<EventLoopClosed> { group.next() }
            launch(loop) { error("must not run to its end") }.join()
            // Nobody waits for what a dead loop would do later.
            val due = CompletableDeferred<Unit>()
            loop.schedule(1.seconds) { due.complete(Unit) }
            due.await()
        }
        loop.isAlive shouldBe false
        group.close()
    }

    "a coroutine that is dispatched to a closed loop is cancelled" {
        val group = EventLoopGroup(
            EventLoopOptions {
                loops = 1
                name = "test"
            },
        )
        val loop = group.next()
        val thread = withContext(loop) { Thread.currentThread() }
        val gate = CompletableDeferred<Unit>()
        val parked = launch(loop, start = UNDISPATCHED) {
            gate.await()
            awaitCancellation()
        }
        group.close()
        // The turn that runs now may still take what comes.
        thread.join(60_000)
        gate.complete(Unit)
        parked.join()
        parked.isCancelled shouldBe true
    }

    "a caller without a dispatcher goes on outside the loop" {
        group(loops = 1) { loop ->
            piped { source, sink ->
                val readiness = withContext(loop) { loop.readiness(source) }
                val resumedOn = CompletableDeferred<String>()
                val block: suspend () -> Unit = {
                    readiness.await(OP_READ)
                    resumedOn.complete(Thread.currentThread().name)
                }
                block.startCoroutine(Continuation(EmptyCoroutineContext) { it.getOrThrow() })
                sink.write(ByteBuffer.allocate(1))
                resumedOn.await() shouldContain "DefaultDispatcher"
            }
        }
    }

    "a coroutine has had its share after a number of operations without a wait" {
        group(loops = 1) { loop ->
            loop.spent() shouldBe false
            withContext(loop) {
                repeat(3) { generateSequence { loop.spent() }.take(1_000).indexOf(true) shouldBe EventLoop.OPERATIONS_PER_TASK }
                // Whichever loop's stream it uses.
                val other = EventLoopGroup.shared.next()
                generateSequence { other.spent() }.take(1_000).indexOf(true) shouldBe EventLoop.OPERATIONS_PER_TASK
                kotlinx.coroutines.yield()
                loop.spent() shouldBe false
            }
        }
    }

    "a group hands out its loops in turn, and its own to who runs on one" {
        val group = EventLoopGroup(
            EventLoopOptions {
                loops = 3
                name = "test"
            },
        )
        group.use {
            List(6) { group.next().toString() }.shouldContainExactly(List(6) { "test-loop-${it % 3 + 1}" })
            val loop = group.next()
            group.loopFor(loop) shouldBeSameInstanceAs loop
            group.loopFor(EventLoopGroup.shared.next()).toString() shouldStartWith "test"
            group.toString() shouldBe "test(3 loops)"
        }
    }

    "the shared group belongs to nobody" {
        shouldThrow<IllegalStateException> { EventLoopGroup.shared.close() }.message shouldContain "shared"
        EventLoopGroup.shared shouldBeSameInstanceAs EventLoopGroup.shared
        EventLoopGroup.shared.isAlive shouldBe true
    }

    "options are refused with their value" {
        shouldThrow<IllegalArgumentException> { EventLoopOptions { loops = 0 } }.message shouldBe "loops < 1: 0"
        shouldThrow<IllegalArgumentException> { EventLoopOptions { bufferSize = 10 } }.message shouldBe "bufferSize < 1024: 10"
        shouldThrow<IllegalArgumentException> { EventLoopOptions { spin = (-1).seconds } }.message shouldBe
            "spin is not finite and >= 0: -1s"
        shouldThrow<IllegalArgumentException> { EventLoopOptions { blockedAfter = Duration.ZERO } }.message shouldBe
            "blockedAfter is not positive: 0s"
        shouldThrow<IllegalArgumentException> { EventLoopOptions { name = " " } }.message shouldBe "name is blank: \" \""
    }
})

private suspend fun group(loops: Int, block: suspend (EventLoop) -> Unit) {
    EventLoopGroup(
        EventLoopOptions {
            this.loops = loops
            name = "test"
        },
    ).use { block(it.next()) }
}

private suspend fun piped(block: suspend kotlinx.coroutines.CoroutineScope.(Pipe.SourceChannel, Pipe.SinkChannel) -> Unit) {
    val pipe = Pipe.open()
    pipe.source().configureBlocking(false)
    pipe.source().use { source -> pipe.sink().use { sink -> coroutineScope { block(source, sink) } } }
}

/** The share of one core that [thread] uses while nothing is to be done. */
private fun cpuShareAtRest(thread: Thread): Double {
    val threads = ManagementFactory.getThreadMXBean()
    val cpu = threads.getThreadCpuTime(thread.id)
    val from = System.nanoTime()
    while (System.nanoTime() - from < 1_000_000_000) java.util.concurrent.locks.LockSupport.parkNanos(100_000_000)
    return (threads.getThreadCpuTime(thread.id) - cpu).toDouble() / (System.nanoTime() - from)
}
