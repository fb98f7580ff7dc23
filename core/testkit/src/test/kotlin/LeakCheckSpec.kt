package io.hawser.testkit

import io.hawser.engine.EventLoopGroup
import io.hawser.engine.EventLoopOptions
import io.kotest.assertions.nondeterministic.eventually
import io.kotest.assertions.throwables.shouldNotThrowAny
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.annotation.Isolate
import io.kotest.core.spec.style.StringSpec
import io.kotest.engine.test.TestResultBuilder
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.types.shouldBeSameInstanceAs
import java.nio.channels.Pipe
import java.nio.channels.SocketChannel
import java.util.concurrent.Callable
import java.util.concurrent.CountDownLatch
import java.util.concurrent.LinkedBlockingQueue
import java.util.concurrent.SynchronousQueue
import java.util.concurrent.ThreadPoolExecutor
import java.util.concurrent.TimeUnit.HOURS
import java.util.concurrent.TimeUnit.SECONDS
import kotlin.concurrent.thread
import kotlin.time.Duration.Companion.minutes
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.isActive
import kotlinx.coroutines.launch
import kotlinx.coroutines.yield

@Isolate
class LeakCheckSpec : StringSpec({
    "what is closed again is no leak" {
        LeakCheck.around {
            SocketChannel.open().close()
            EventLoopGroup(EventLoopOptions { loops = 2 }).close()
            thread { }
            "result"
        } shouldBe "result"
    }

    "a socket that stays open is found" {
        var leaked: SocketChannel? = null
        try {
            inVain { leaked = SocketChannel.open() } shouldContain "socket:["
        } finally {
            leaked?.close()
        }
    }

    "a pipe and a group of loops that stay open are found" {
        inVain { pipes += Pipe.open() } shouldContain "pipe:["
        pipes.forEach {
            it.source().close()
            it.sink().close()
        }
        var group: EventLoopGroup? = null
        val loops = inVain { group = EventLoopGroup() }
        loops shouldContain "eventpoll"
        loops shouldContain "thread hawser-loop-1"
        loops shouldContain "thread hawser-watchdog"
        group?.close()
    }

    "a thread that stays is found" {
        val stay = CountDownLatch(1)
        inVain { thread(name = "stayer") { stay.await() } } shouldContain "thread stayer"
        stay.countDown()
    }

    "a thread that a pool of the library has nothing to do for is no leak of its test, and is one while it works" {
        val pool = ThreadPoolExecutor(0, 1, 1, HOURS, SynchronousQueue()) { Thread(it, "hawser-events-spare") }
        LeakCheck.around { pool.submit { }.get() }
        val begun = CountDownLatch(1)
        val stay = CountDownLatch(1)
        inVain {
            pool.execute {
                begun.countDown()
                stay.await()
            }
            begun.await()
        } shouldContain "thread hawser-events-spare"
        stay.countDown()
        pool.shutdown()
        LeakCheck.ensureEnd()
    }

    "a thread that has nothing to do any more has ended with the spec" {
        val pool = ThreadPoolExecutor(0, 1, 1, SECONDS, SynchronousQueue()) { Thread(it, "hawser-events-ending") }
        val thread = LeakCheck.around { pool.submit(Callable { Thread.currentThread() }).get() }
        LeakCheck.ensureEnd()
        thread.isAlive shouldBe false
        pool.shutdown()
    }

    "a thread that has nothing to do for long is a leak of the spec, of which it is told once" {
        val pool = ThreadPoolExecutor(0, 1, 1, HOURS, SynchronousQueue()) { Thread(it, "hawser-events-idle") }
        LeakCheck.around { pool.submit { }.get() }
        Impatience.begin().use { shouldThrow<AssertionError> { LeakCheck.ensureEnd() } }.message shouldBe
            "left behind:\n  thread hawser-events-idle"
        LeakCheck.around { pool.submit { }.get() }
        shouldNotThrowAny { LeakCheck.ensureEnd() }
        pool.shutdown()
    }

    "a thread whose pool keeps it for ever is found" {
        val pool = ThreadPoolExecutor(1, 1, 0, SECONDS, LinkedBlockingQueue()) { Thread(it, "hawser-events-kept") }
        inVain { pool.submit { }.get() } shouldContain "thread hawser-events-kept"
        pool.shutdown()
    }

    "a test that leaves a socket open becomes an error and one that failed keeps its failure" {
        val test = testCase
        var leaked: SocketChannel? = null
        try {
            val result = Impatience.inVain().use {
                LeakCheck.intercept(test) {
                    leaked = SocketChannel.open()
                    TestResultBuilder.builder().build()
                }
            }
            result.isErrorOrFailure shouldBe true
            result.errorOrNull?.message shouldContain "socket:["
        } finally {
            leaked?.close()
        }
        val failure = AssertionError("its own")
        try {
            val result = Impatience.inVain().use {
                LeakCheck.intercept(test) {
                    leaked = SocketChannel.open()
                    TestResultBuilder.builder().withError(failure).build()
                }
            }
            result.errorOrNull shouldBeSameInstanceAs failure
            failure.suppressed.single().message shouldContain "socket:["
        } finally {
            leaked?.close()
        }
        val success = TestResultBuilder.builder().build()
        LeakCheck.intercept(test) { success } shouldBeSameInstanceAs success
    }

    "loops at rest pass and one that spins is found" {
        shouldNotThrowAny { LeakCheck.ensureRest() }
        val loop = EventLoopGroup.shared.next()
        val spinning = CoroutineScope(loop).launch { while (isActive) yield() }
        try {
            // A machine that is busy elsewhere may give it no time.
            eventually(1.minutes) {
                Impatience.inVain().use { shouldThrow<AssertionError> { LeakCheck.ensureRest() } }.message shouldContain "hawser-loop-"
            }
        } finally {
            spinning.cancelAndJoin()
        }
    }
}) {
    private companion object {
        val pipes = mutableListOf<Pipe>()

        /** What is said of the leak in [block]. */
        suspend fun inVain(block: suspend () -> Unit): String =
            Impatience.inVain().use { shouldThrow<AssertionError> { LeakCheck.around(block) } }.message.orEmpty()
    }
}
