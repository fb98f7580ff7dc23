package io.hawser.testkit

import io.hawser.engine.EventLoopGroup
import io.hawser.testkit.leak.Holdings
import io.hawser.testkit.leak.Threads
import io.hawser.testkit.leak.Threads.bareName
import io.kotest.core.extensions.TestCaseExtension
import io.kotest.core.listeners.AfterSpecListener
import io.kotest.core.spec.Spec
import io.kotest.core.test.TestCase
import io.kotest.engine.test.TestResult
import io.kotest.engine.test.TestResultBuilder
import java.nio.channels.DatagramChannel
import java.nio.channels.ServerSocketChannel
import java.nio.channels.SocketChannel
import java.util.concurrent.atomic.AtomicReference
import kotlin.time.Duration
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds
import kotlin.time.TimeSource
import kotlinx.coroutines.delay

/**
 * Fails a test that leaves descriptors or threads behind, and a spec after which the threads do not come to rest.
 *
 * Register it per spec: `extension(LeakCheck)`, or `override val extensions: List<Extension> = listOf(LeakCheck)`. For JUnit 5 there is
 * [io.hawser.testkit.junit.LeakCheckExtension]; a [ServerExtension] has it in itself.
 *
 * After each test, when its `afterTest` callbacks have run, every socket, pipe and selector opened meanwhile must be closed within ten
 * seconds, and every thread that is not the JVM's, the coroutine library's or the test framework's be gone; one that ran listeners or
 * blocking handlers, or looked up names, need only have nothing to do at one moment. After the spec all Java threads together must use
 * less than 3 % of one core for 400 ms, and those that had nothing to do be gone within ten seconds, too: one that is given something
 * again and again is not. Tests of one process that run side by side see each other's sockets. Where there is no `/proc`, only threads
 * are looked at.
 */
public object LeakCheck : TestCaseExtension, AfterSpecListener {
    /** How long what a test has opened may take to be gone. */
    @Volatile
    internal var patience = 10.seconds

    /** How often [ensureRest] looks before it gives up. */
    @Volatile
    internal var restAttempts = 10

    /** The threads that tests have left with nothing to do: the end of a spec is that of them, too. */
    private val spare = AtomicReference(emptyList<Threads.Seen>())

    private val LOOK_EVERY = 5.milliseconds
    private val REST = 400.milliseconds
    private const val REST_SHARE = 0.03

    init {
        // The JDK makes a pair of sockets of its own with the first channel that is closed, and keeps it.
        SocketChannel.open().close()
        ServerSocketChannel.open().close()
        DatagramChannel.open().close()
    }

    /** Runs the test and turns its result into an error if it leaves something behind; a test that failed keeps its own failure. */
    override suspend fun intercept(testCase: TestCase, execute: suspend (TestCase) -> TestResult): TestResult {
        val before = baseline()
        val result = execute(testCase)
        val leak = leftSince(before) ?: return result
        val own = result.errorOrNull
        if (own == null) return TestResultBuilder.builder().withDuration(result.duration).withError(leak).build()
        own.addSuppressed(leak)
        return result
    }

    /** @throws AssertionError if threads are busy with nothing to do, or do not end. */
    override suspend fun afterSpec(spec: Spec): Unit = ensureEnd()

    /**
     * Runs [block] and returns its result if it leaves nothing behind, for tests without Kotest's extensions. Whether threads that have
     * nothing to do any more end is looked at by [afterSpec] only.
     *
     * @throws AssertionError listing the descriptors or threads that are left.
     */
    public suspend fun <T> around(block: suspend () -> T): T {
        val before = baseline()
        val result = block()
        leftSince(before)?.let { throw it }
        return result
    }

    /**
     * Returns when the Java threads have been at rest for 400 ms, and looks ten times: what a test left running gets time to end. A look in
     * which the whole process stood still finds no rest.
     *
     * @throws AssertionError naming what each busy thread used.
     */
    public suspend fun ensureRest() {
        var busy = emptyMap<Thread, Duration>()
        repeat(restAttempts) {
            val before = Threads.processorTime()
            val start = TimeSource.Monotonic.markNow()
            delay(REST)
            val used = Threads.processorTime().mapValues { (thread, time) -> time - (before[thread] ?: time) }
            val total = used.values.fold(Duration.ZERO, Duration::plus)
            val elapsed = start.elapsedNow()
            // A process that stood still meanwhile is not at rest.
            if (total < elapsed * REST_SHARE && elapsed < REST * 2) return
            busy = used
        }
        val each = busy.entries.sortedByDescending { it.value }.joinToString("\n") { (thread, time) -> "  ${thread.bareName}: $time" }
        throw AssertionError("the threads do not come to rest; in $REST they used\n$each")
    }

    /**
     * What is looked at once, behind all tests of a spec: [ensureRest], and that the threads have ended that tests left with nothing to do.
     *
     * @throws AssertionError naming what each busy thread used, or the threads that are left.
     */
    internal suspend fun ensureEnd() {
        val awaited = spare.getAndSet(emptyList())
        ensureRest()
        var left = awaited
        val haveEnded = comesTrue(patience) {
            if (left.isNotEmpty()) left = Holdings.now().stillThere(left)
            left.isEmpty()
        }
        if (!haveEnded) throw leak(left.map { "thread ${it.name}" })
    }

    internal fun baseline(): Holdings {
        // What is shared stays, and is no test's leak.
        EventLoopGroup.shared
        return Holdings.now()
    }

    internal suspend fun leftSince(before: Holdings): AssertionError? {
        var now = before
        var left = emptyList<String>()
        val isGone = comesTrue(patience) {
            now = Holdings.now()
            left = now.descriptorsBeyond(before) + now.threadsBeyond(before)
            left.isEmpty()
        }
        if (!isGone) return leak(left)
        spare.updateAndGet { known -> (now.stillThere(known) + now.spareBeyond(before)).distinctBy { it.number } }
        return null
    }

    private fun leak(left: List<String>) = AssertionError(left.joinToString("\n", prefix = "left behind:\n") { "  $it" })

    /** Whether [condition] holds before somebody has waited for [patience]. */
    internal suspend fun comesTrue(patience: Duration, condition: () -> Boolean): Boolean {
        var waited = Duration.ZERO
        while (true) {
            val start = TimeSource.Monotonic.markNow()
            if (condition()) return true
            if (waited > patience) return false
            delay(LOOK_EVERY)
            // While the whole process stands still nothing can go.
            waited += minOf(start.elapsedNow(), LOOK_EVERY * 10)
        }
    }
}
