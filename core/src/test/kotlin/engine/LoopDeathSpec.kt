package io.hawser.engine

import io.hawser.EventLoopClosed
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeInstanceOf
import io.mockk.every
import io.mockk.mockk
import java.io.IOException
import java.nio.channels.Pipe
import java.nio.channels.SelectionKey.OP_READ
import java.nio.channels.spi.AbstractSelector
import java.nio.channels.spi.SelectorProvider
import java.util.concurrent.Semaphore
import java.util.concurrent.atomic.AtomicReference
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.CoroutineStart.UNDISPATCHED
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.launch
import kotlinx.coroutines.withTimeout

class LoopDeathSpec : StringSpec({
    for (cause in listOf(IOException("the selector broke"), InternalError("the selector broke"))) {
        "a loop whose selector throws ${cause::class.simpleName} fails its waiters and cancels its coroutines" {
            val broken = AtomicReference<Throwable?>()
            val group = EventLoopGroup(
                EventLoopOptions {
                    loops = 1
                    name = "doomed"
                    provider = fragile(broken)
                },
            )
            val loop = group.next()
            val pipe = Pipe.open()
            pipe.source().configureBlocking(false)
            pipe.source().use { source ->
                pipe.sink().use {
                    val readiness = CompletableDeferred<Readiness>()
                    val began = CompletableDeferred<Unit>()
                    val own = launch(loop) {
                        readiness.complete(loop.readiness(source))
                        began.complete(Unit)
                        awaitCancellation()
                    }
                    began.await()
                    val waiting = async(start = UNDISPATCHED) { runCatching { readiness.await().await(OP_READ) }.exceptionOrNull() }

                    broken.set(cause)
                    loop.selector.wakeup()

                    val failure = withTimeout(60.seconds) { waiting.await() }
                    failure.shouldBeInstanceOf<EventLoopClosed>().message shouldBe "event loop doomed-loop-1 died: the selector broke"
                    failure.cause shouldBe cause
                    shouldThrow<EventLoopClosed> { readiness.await().await(OP_READ) }
                    own.cancelAndJoin()
                    group.isAlive shouldBe false
                    shouldThrow<EventLoopClosed> { group.next() }
                }
            }
            group.close()
        }
    }

    "a loop whose selector is closed under it dies of that" {
        val group = EventLoopGroup(
            EventLoopOptions {
                loops = 1
                name = "doomed"
            },
        )
        val loop = group.next()
        val pipe = Pipe.open()
        pipe.source().configureBlocking(false)
        pipe.source().use { source ->
            pipe.sink().use {
                val waiting = async(start = UNDISPATCHED) { runCatching { loop.readiness(source).await(OP_READ) }.exceptionOrNull() }
                loop.selector.close()
                withTimeout(60.seconds) { waiting.await() }.shouldBeInstanceOf<EventLoopClosed>()
            }
        }
        group.close()
    }

    "a group goes on with the loops that are left" {
        val broken = AtomicReference<Throwable?>()
        val group = EventLoopGroup(
            EventLoopOptions {
                loops = 2
                name = "half"
                provider = fragile(broken, first = true)
            },
        )
        group.use {
            val doomed = group.next()
            broken.set(IOException("the selector broke"))
            doomed.selector.wakeup()
            withTimeout(60.seconds) { while (doomed.isAlive) kotlinx.coroutines.yield() }
            group.isAlive shouldBe true
            repeat(4) { group.next().toString() shouldBe "half-loop-2" }
        }
    }
})

/** A provider whose selectors throw what [broken] holds; with [first] only the first one does. */
private fun fragile(broken: AtomicReference<Throwable?>, first: Boolean = false): SelectorProvider {
    var opened = 0
    return mockk {
        every { openSelector() } answers
            { if (first && opened++ > 0) SelectorProvider.provider().openSelector() else fragileSelector(broken) }
    }
}

/** What cannot be had for real: a selector that breaks while channels are registered with it. */
private fun fragileSelector(broken: AtomicReference<Throwable?>): AbstractSelector {
    val awake = Semaphore(0)
    return mockk(relaxed = true) {
        every { wakeup() } answers {
            awake.release()
            this@mockk
        }
        every { select() } answers {
            awake.acquire()
            broken.get()?.let { throw it }
            0
        }
        every { selectedKeys() } returns mutableSetOf()
    }
}
