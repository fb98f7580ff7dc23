package io.hawser.benchmarks.inside

import java.util.concurrent.Semaphore
import kotlin.coroutines.EmptyCoroutineContext
import kotlinx.coroutines.withContext
import kotlinx.coroutines.yield
import org.openjdk.jmh.annotations.Benchmark
import org.openjdk.jmh.annotations.OperationsPerInvocation

/** An operation is one task or coroutine that is handed to an event loop. */
public open class EventLoops : LoopBenchmark(loops = 2) {
    private val answer = Semaphore(0)
    private val answering = Runnable { answer.release() }
    private val nothing = Runnable {}

    /** From a thread outside, and back by waking it. */
    @Benchmark
    public fun roundTrip() {
        loop.dispatch(EmptyCoroutineContext, answering)
        answer.acquire()
    }

    /** From a thread outside, one behind the other. */
    @Benchmark
    @OperationsPerInvocation(TASKS)
    public fun dispatch() {
        repeat(TASKS - 1) { loop.dispatch(EmptyCoroutineContext, nothing) }
        roundTrip()
    }

    /** From one loop to another, and back. */
    @Benchmark
    @OperationsPerInvocation(VISITS)
    public fun visitOtherLoop(): Unit = onLoop { repeat(VISITS) { withContext(otherLoop) {} } }

    /** From a coroutine to itself. */
    @Benchmark
    @OperationsPerInvocation(TASKS)
    public fun yieldToNobody(): Unit = onLoop { repeat(TASKS) { yield() } }

    private companion object {
        const val TASKS = 10_000
        const val VISITS = 1_000
    }
}
