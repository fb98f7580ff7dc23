package io.hawser.testkit.leak

import java.lang.management.ManagementFactory
import java.lang.management.ThreadInfo
import java.util.concurrent.ThreadPoolExecutor
import kotlin.time.Duration
import kotlin.time.Duration.Companion.nanoseconds

/** The threads of this process and what they cost. */
internal object Threads {
    private val costs = ManagementFactory.getThreadMXBean()

    /** The name without what the coroutine library puts behind it while assertions are on: the coroutine that the thread runs. */
    val Thread.bareName: String get() = name.bare

    private val String.bare: String get() = substringBefore(" @")

    /** Whose threads are idle, or wait for the tests, where there is nothing else on their stack. */
    private val COMMON_CODE = listOf(
        "java.",
        "jdk.",
        "sun.",
        "kotlin.",
        "kotlinx.",
        "io.hawser.engine.",
        "io.hawser.testkit.junit.HostLifecycle",
        "io.kotest.",
        "org.apache.maven.",
        "org.junit.",
    )

    /** The library's own pools, whose threads end when they have had nothing to do for a second. */
    private val POOLS = listOf("hawser-events-", "hawser-blocking-", "hawser-resolver-", "hawser-fallback-")

    /** A thread at one moment; no other of this process ever has its [number]. One [isSpare] that its pool has nothing to do for. */
    class Seen(val number: Long, val name: String, val isSpare: Boolean)

    /** All live threads. */
    fun seen(): List<Seen> = costs.dumpAllThreads(false, false).filterNotNull().map { Seen(it.threadId, it.threadName.bare, it.isSpare) }

    private fun live(): Set<Thread> = Thread.getAllStackTraces().keys

    /** Whether it waits for its pool to give it something to do, and not without an end. */
    private val ThreadInfo.isSpare: Boolean
        get() = threadState == Thread.State.TIMED_WAITING &&
            POOLS.any(threadName::startsWith) &&
            stackTrace.any { it.className == ThreadPoolExecutor::class.java.name && it.methodName == "getTask" }

    /** The stacks of those that run more than the JDK, the coroutine library, the event loops or the test framework. */
    fun atWork(): List<String> = Thread.getAllStackTraces()
        .filter { (thread, stack) ->
            thread !== Thread.currentThread() && stack.any { frame -> COMMON_CODE.none(frame.className::startsWith) }
        }
        .map { (thread, stack) -> stack.joinToString("\n", prefix = "  thread ${thread.bareName}\n") { "    at $it" } }

    /**
     * The processor time used so far by each live Java thread, which leaves the JVM's compilers out; empty where the JVM does not tell. The
     * caller, whose looking is not for nothing, and Surefire's own threads are left out too.
     */
    fun processorTime(): Map<Thread, Duration> {
        if (!costs.isThreadCpuTimeSupported || !costs.isThreadCpuTimeEnabled) return emptyMap()
        return live()
            .filter { it !== Thread.currentThread() && !it.name.startsWith("surefire-") }
            .associateWith { costs.getThreadCpuTime(it.id) }
            .filterValues { it >= 0 }
            .mapValues { (_, time) -> time.nanoseconds }
    }
}
