package io.hawser.samples.cli

import java.util.concurrent.CompletableFuture
import java.util.concurrent.TimeUnit.MILLISECONDS
import java.util.concurrent.TimeoutException
import kotlin.system.exitProcess
import kotlin.time.Duration
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CompletableJob
import kotlinx.coroutines.Job
import kotlinx.coroutines.awaitCancellation

/**
 * The end of the process, by itself or by SIGTERM or SIGINT.
 *
 * The JVM answers a signal with its shutdown hooks and then exits with 128 + the signal. A command that drains first needs it to wait,
 * and to exit with the command's status: hence a hook that waits for the main thread and halts.
 */
internal class Termination(private val console: Console) {
    private val status = CompletableFuture<Int>()

    /** Runs [block]; a signal completes its parameter, and then the process has [patience] and a little more before it is gone. */
    suspend fun <R> during(patience: Duration, block: suspend (signal: Job) -> R): R {
        val signal = Job()
        return preceded(by = { await(signal, patience) }) { block(signal) }
    }

    /** Runs [block]; at a signal [by] runs first, and then the process is gone with the status that the signal has. */
    suspend fun <R> preceded(by: () -> Unit, block: suspend () -> R): R {
        val hook = Thread(by, "hawser-termination")
        add(hook)
        try {
            return block()
        } finally {
            removeUnlessRunning(hook)
        }
    }

    /** Ends the process with [status], in the middle of a termination too. */
    fun exit(status: Int): Nothing {
        this.status.complete(status)
        exitProcess(status) // Blocks if hooks are running; then ours halts.
    }

    private fun await(signal: CompletableJob, patience: Duration) {
        signal.complete()
        val result = try {
            status.get((patience + MARGIN).inWholeMilliseconds, MILLISECONDS)
        } catch (_: TimeoutException) {
            console.fail("not everything ended within $patience and $MARGIN more")
        }
        Runtime.getRuntime().halt(result)
    }

    /** Does not return if the process is ending already: whatever began now would be cut in the middle. */
    private suspend fun add(hook: Thread) {
        try {
            Runtime.getRuntime().addShutdownHook(hook)
        } catch (_: IllegalStateException) {
            awaitCancellation()
        }
    }

    private fun removeUnlessRunning(hook: Thread) {
        try {
            Runtime.getRuntime().removeShutdownHook(hook)
        } catch (_: IllegalStateException) {
            // A signal has come: the hook runs, and waits for exit.
        }
    }

    private companion object {
        /** For cutting what is left after the patience, on a machine that has other things to do. */
        val MARGIN = 5.seconds
    }
}
