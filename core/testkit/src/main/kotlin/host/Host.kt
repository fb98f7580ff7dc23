package io.hawser.testkit.host

import io.hawser.ServerHandle
import io.hawser.testkit.LeakCheck
import io.hawser.testkit.RecordedEvents
import io.hawser.testkit.leak.Threads
import java.nio.file.Files
import java.nio.file.Path
import java.util.concurrent.ConcurrentLinkedQueue
import java.util.concurrent.atomic.AtomicBoolean
import kotlin.time.Duration
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Job
import kotlinx.coroutines.NonCancellable
import kotlinx.coroutines.currentCoroutineContext
import kotlinx.coroutines.job
import kotlinx.coroutines.withContext
import kotlinx.coroutines.withTimeoutOrNull

/**
 * A server that runs while tests do. [start] starts it in a scope, and may ask for a folder of its own, which goes with it. When it is
 * closed its handlers have the time [patience] to end.
 *
 * What a handler asserts in vain concerns the test: [start] has handlers [watch]ed so that it is told.
 */
internal class Host<H : ServerHandle>(
    private val patience: Duration = 10.seconds,
    private val start: suspend Host<H>.(scope: CoroutineScope, folder: () -> Path) -> H,
) {
    /** A [server], and the [scope] that it and who records its events run in. */
    private class Run<H>(val server: H, val scope: CoroutineScope)

    private val failures = ConcurrentLinkedQueue<AssertionError>()
    private val taken = AtomicBoolean()

    @Volatile
    private var running: Run<H>? = null

    private val run: Run<H>
        get() = checkNotNull(running) { "the server runs from before the first test until after the last one, and not now" }

    val events = RecordedEvents()

    val server: H get() = run.server

    /** Remembers what [handler] asserts in vain, or one of those that it launches does. */
    fun watch(handler: CoroutineScope) {
        handler.coroutineContext.job.invokeOnCompletion { failure -> if (failure is AssertionError) failures.add(failure) }
    }

    /**
     * Runs [block] while the server runs, and returns when nothing of the server is left.
     *
     * @throws IllegalStateException if it runs already.
     * @throws AssertionError if anything is left behind, a handler does not end, or asserted something in vain that no test has been told.
     */
    suspend fun <T> around(block: suspend () -> T): T {
        check(taken.compareAndSet(false, true)) { "the server runs already; tests that run side by side need an extension each" }
        try {
            val result = LeakCheck.around {
                val folder = lazy { Files.createTempDirectory("hawser") }
                try {
                    serving(folder::value, block)
                } finally {
                    if (folder.isInitialized()) folder.value.toFile().deleteRecursively()
                }
            }
            takeFailure()?.let { throw it }
            return result
        } finally {
            taken.set(false)
        }
    }

    /** A test begins: what happens from now on is recorded, and nothing from before. Returns what [problemSince] compares with. */
    fun begin(): Long {
        record(run)
        return server.unfinished
    }

    /** What a test has done wrong that found [count] [unfinished], or null. */
    suspend fun problemSince(count: Long): AssertionError? {
        val server = server
        LeakCheck.comesTrue(minOf(TASKS_GONE, LeakCheck.patience)) { server.unfinished <= count }
        val left = server.unfinished - count
        val failure = takeFailure()
        if (left <= 0) return failure
        val leak = AssertionError("left behind:\n  $left ${server.tasks} of the $server")
        failure?.let(leak::addSuppressed)
        return leak
    }

    private suspend fun <T> serving(folder: () -> Path, block: suspend () -> T): T {
        val job = Job()
        // Not the caller's own scope, which would wait for ever for a handler that does not end.
        val scope = CoroutineScope(currentCoroutineContext() + job)
        val server = start(this, scope, folder)
        running = Run(server, scope).also(::record)
        val result = runCatching { block() }
        running = null
        server.close()
        job.complete()
        withContext(NonCancellable) { withTimeoutOrNull(patience) { job.join() } } ?: throw stuck(server, result.exceptionOrNull())
        return result.getOrThrow()
    }

    private fun record(run: Run<H>) {
        events.record(run.server.events, run.scope) { run.server.droppedEvents }
    }

    private fun stuck(server: H, earlier: Throwable?): AssertionError {
        val who = "handlers of ${server.unfinished} ${server.tasks} go on"
        val stacks = Threads.atWork().joinToString("\n").ifEmpty { "  no threads that run them" }
        val failure = AssertionError("the $server has not ended $patience after its close: $who. There are\n$stacks")
        earlier?.let(failure::addSuppressed)
        return failure
    }

    private fun takeFailure(): AssertionError? {
        val first = failures.poll() ?: return null
        generateSequence(failures::poll).forEach(first::addSuppressed)
        return first
    }

    private companion object {
        val TASKS_GONE = 5.seconds
    }
}
