package io.hawser.benchmarks.inside

import io.hawser.engine.EventLoop
import io.hawser.engine.EventLoopGroup
import io.hawser.engine.EventLoopOptions
import kotlinx.coroutines.runBlocking
import org.openjdk.jmh.annotations.TearDown

/** Has event loops of its own, and runs many operations on one of them in each invocation, so that the way there weighs nothing. */
public abstract class LoopBenchmark(loops: Int = 1) : InsideBenchmark() {
    private val group = EventLoopGroup(EventLoopOptions { this.loops = loops })

    protected val loop: EventLoop = group.next()

    /** Another one if there are several, else [loop] too. */
    protected val otherLoop: EventLoop = group.next()

    protected fun onLoop(operations: suspend () -> Unit): Unit = runBlocking(loop) { operations() }

    @TearDown
    public fun endLoops(): Unit = group.close()
}
