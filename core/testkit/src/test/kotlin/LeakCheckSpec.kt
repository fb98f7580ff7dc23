package io.hawser.testkit

import io.hawser.engine.EventLoopGroup
import io.hawser.engine.EventLoopOptions
import io.kotest.assertions.throwables.shouldNotThrowAny
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.engine.test.TestResultBuilder
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.types.shouldBeSameInstanceAs
import java.nio.channels.Pipe
import java.nio.channels.SocketChannel
import java.util.concurrent.CountDownLatch
import kotlin.concurrent.thread
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.isActive
import kotlinx.coroutines.launch
import kotlinx.coroutines.yield

class LeakCheckSpec : StringSpec({
    val impatience = Impatience.begin()
    afterSpec { impatience.close() }

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
            shouldThrow<AssertionError> { LeakCheck.around { leaked = SocketChannel.open() } }.message shouldContain "socket:["
        } finally {
            leaked?.close()
        }
    }

    "a pipe and a group of loops that stay open are found" {
        val pipe = shouldThrow<AssertionError> { LeakCheck.around { pipes += Pipe.open() } }
        pipe.message shouldContain "pipe:["
        pipes.forEach {
            it.source().close()
            it.sink().close()
        }
        var group: EventLoopGroup? = null
        val loops = shouldThrow<AssertionError> { LeakCheck.around { group = EventLoopGroup() } }
        loops.message shouldContain "eventpoll"
        loops.message shouldContain "thread hawser-loop-1"
        loops.message shouldContain "thread hawser-watchdog"
        group?.close()
    }

    "a thread that stays is found" {
        val stay = CountDownLatch(1)
        shouldThrow<AssertionError> { LeakCheck.around { thread(name = "stayer") { stay.await() } } }.message shouldContain "thread stayer"
        stay.countDown()
    }

    "a test that leaves a socket open becomes an error and one that failed keeps its failure" {
        val test = testCase
        var leaked: SocketChannel? = null
        try {
            val result = LeakCheck.intercept(test) {
                leaked = SocketChannel.open()
                TestResultBuilder.builder().build()
            }
            result.isErrorOrFailure shouldBe true
            result.errorOrNull?.message shouldContain "socket:["
        } finally {
            leaked?.close()
        }
        val failure = AssertionError("its own")
        try {
            val result = LeakCheck.intercept(test) {
                leaked = SocketChannel.open()
                TestResultBuilder.builder().withError(failure).build()
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
        shouldThrow<AssertionError> { LeakCheck.ensureRest() }.message shouldContain "hawser-loop-"
        spinning.cancelAndJoin()
    }
}) {
    private companion object {
        val pipes = mutableListOf<Pipe>()
    }
}
