package io.hawser.engine

import io.kotest.assertions.nondeterministic.eventually
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.ints.shouldBeLessThan
import io.kotest.matchers.shouldBe
import java.lang.ref.WeakReference
import java.nio.ByteBuffer
import java.nio.channels.Pipe
import java.nio.channels.SelectionKey.OP_READ
import kotlin.time.Duration.Companion.microseconds
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.CoroutineStart.UNDISPATCHED
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.NonCancellable
import kotlinx.coroutines.asContextElement
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.cancel
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.joinAll
import kotlinx.coroutines.launch
import kotlinx.coroutines.withContext
import kotlinx.coroutines.withTimeout
import kotlinx.coroutines.withTimeoutOrNull
import kotlinx.coroutines.yield

/** Waits of coroutines on their own loop, which are resumed bare. */
class WaiterSpec : StringSpec({
    timeout = 120_000

    "waits follow one another, of one coroutine and of several in turn" {
        onLoop { loop, source, sink ->
            val readiness = loop.readiness(source)
            repeat(3) {
                async(start = UNDISPATCHED) {
                    repeat(100) { round ->
                        val waiting = async(start = UNDISPATCHED) { readiness.await(OP_READ) }
                        waiting.isCompleted shouldBe false
                        sink.write(byte(round))
                        waiting.await()
                        source.read(byte(0)) shouldBe 1
                    }
                    repeat(100) { round ->
                        launch { sink.write(byte(round)) }
                        readiness.await(OP_READ)
                        source.read(byte(0)) shouldBe 1
                    }
                }.await()
            }
        }
    }

    "a cancelled wait ends with its coroutine's cancellation, and leaves the channel to the next one" {
        onLoop { loop, source, sink ->
            val readiness = loop.readiness(source)
            repeat(100) {
                val waiting = async(start = UNDISPATCHED) {
                    runCatching { readiness.await(OP_READ) }.exceptionOrNull()
                }
                withContext(if (it % 2 == 0) Dispatchers.Default else loop) { waiting.cancelAndJoin() }
                val next = async(start = UNDISPATCHED) { readiness.await(OP_READ) }
                sink.write(byte(1))
                next.await()
                source.read(byte(0)) shouldBe 1
            }
        }
    }

    "who has been cancelled does not begin to wait, and keeps nobody else from it" {
        onLoop { loop, source, sink ->
            val readiness = loop.readiness(source)
            val late = launch(start = UNDISPATCHED) {
                runCatching { awaitCancellation() }
                shouldThrow<CancellationException> { readiness.await(OP_READ) }
                // A second time, now that its waiter is known.
                shouldThrow<CancellationException> { readiness.await(OP_READ) }
                withContext(NonCancellable) { readiness.await(OP_READ) }
                source.read(byte(0)) shouldBe 1
            }
            late.cancel()
            yield()
            sink.write(byte(1))
            late.join()
            readiness.waits { sink.write(byte(1)) }
        }
    }

    "the cancellation of one that has waited before disturbs nobody" {
        onLoop { loop, source, sink ->
            val readiness = loop.readiness(source)
            val waited = CompletableDeferred<Unit>()
            val former = launch(start = UNDISPATCHED) {
                readiness.await(OP_READ)
                source.read(byte(0))
                waited.complete(Unit)
                awaitCancellation()
            }
            sink.write(byte(1))
            waited.await()
            val present = async(start = UNDISPATCHED) { readiness.await(OP_READ) }
            former.cancelAndJoin()
            present.isActive shouldBe true
            sink.write(byte(1))
            present.await()
        }
    }

    "a second waiter is refused, and the first one goes on to wait" {
        onLoop { loop, source, sink ->
            val readiness = loop.readiness(source)
            val first = async(start = UNDISPATCHED) { readiness.await(OP_READ) }
            shouldThrow<IllegalStateException> { readiness.await(OP_READ) }
            withContext(Dispatchers.Default) { shouldThrow<IllegalStateException> { readiness.await(OP_READ) } }
            sink.write(byte(1))
            first.await()
        }
    }

    "who is waiting when another one is refused can be cancelled as before" {
        onLoop { loop, source, _ ->
            val readiness = loop.readiness(source)
            val first = launch(start = UNDISPATCHED) { readiness.await(OP_READ) }
            shouldThrow<IllegalStateException> { readiness.await(OP_READ) }
            withTimeoutOrNull(10.seconds) { first.cancelAndJoin() } shouldBe Unit
        }
    }

    "waits end, whether bytes come or their coroutine gives up" {
        onLoop { loop, source, sink ->
            val readiness = loop.readiness(source)
            val total = 5_000
            val sending = launch(Dispatchers.Default) { repeat(total) { sink.write(byte(it)) } }
            var received = 0
            while (received < total) {
                withTimeoutOrNull((received % 7 * 20).microseconds) { readiness.await(OP_READ) }
                received += source.read(ByteBuffer.allocate(3))
            }
            joinAll(sending)
        }
    }

    "what belongs to a coroutine wherever it runs is there after a wait" {
        val name = ThreadLocal<String>()
        onLoop { loop, source, sink ->
            val readiness = loop.readiness(source)
            val waiting = async(name.asContextElement("mine"), start = UNDISPATCHED) {
                readiness.await(OP_READ)
                name.get()
            }
            name.get() shouldBe null
            sink.write(byte(1))
            waiting.await() shouldBe "mine"
            name.get() shouldBe null
        }
    }

    "a channel that is closed is let go of by coroutines that have waited for it and live on" {
        onLoop { loop, source, sink ->
            val other = Pipe.open()
            var readiness: Readiness? = loop.readiness(other.source().apply { configureBlocking(false) })
            readiness?.waits { other.sink().write(byte(1)) }
            val closed = CompletableDeferred<Unit>()
            other.source().close()
            loop.closed(checkNotNull(readiness)) { closed.complete(Unit) }
            closed.await()
            other.sink().close()
            val gone = WeakReference(readiness)
            readiness = null
            loop.readiness(source).waits { sink.write(byte(1)) }
            eventually(60.seconds) {
                System.gc()
                gone.get() shouldBe null
            }
        }
    }

    "channels that were closed without a word are let go of too" {
        onLoop { loop, source, sink ->
            val known = List(300) {
                val pipe = Pipe.open()
                val readiness = loop.readiness(pipe.source().apply { configureBlocking(false) })
                readiness.waits { pipe.sink().write(byte(1)) }
                pipe.source().close()
                pipe.sink().close()
                WeakReference(readiness)
            }
            loop.readiness(source).waits { sink.write(byte(1)) }
            eventually(60.seconds) {
                System.gc()
                known.count { it.get() != null } shouldBeLessThan 100
            }
        }
    }

    "what a coroutine has returned is let go of once it has ended, though its channel stays open" {
        onLoop { loop, source, sink ->
            val readiness = loop.readiness(source)
            val result = WeakReference(
                withTimeout(60.seconds) {
                    readiness.waits { sink.write(byte(1)) }
                    ByteArray(1_000_000)
                },
            )
            eventually(60.seconds) {
                System.gc()
                result.get() shouldBe null
            }
        }
    }
})

private fun byte(value: Int): ByteBuffer = ByteBuffer.allocate(1).put(value.toByte()).flip()

/** Waits in the caller's own coroutine, for which [ready] gives a cause first. */
private suspend fun Readiness.waits(ready: () -> Unit) {
    ready()
    await(OP_READ)
}

private suspend fun onLoop(block: suspend CoroutineScope.(EventLoop, Pipe.SourceChannel, Pipe.SinkChannel) -> Unit) {
    EventLoopGroup(EventLoopOptions { loops = 1 }).use { group ->
        val loop = group.next()
        val pipe = Pipe.open()
        pipe.source().configureBlocking(false)
        // Not the test's own context: Kotest has elements in there that follow it from thread to thread, and those do not wait locally.
        val scope = CoroutineScope(loop)
        try {
            scope.async {
                LocalWaiter.accepts(coroutineContext, loop) shouldBe true
                block(loop, pipe.source(), pipe.sink())
            }.await()
        } finally {
            scope.cancel()
            pipe.source().close()
            pipe.sink().close()
        }
    }
}
