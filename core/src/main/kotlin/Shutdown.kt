@file:JvmName("Shutdown")

package io.hawser

import kotlin.time.Duration
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CoroutineName
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Job
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking

/**
 * Has [shutdown] run when the process is told to end, by SIGTERM or SIGINT or by `exitProcess`: the process ends when it has returned, at
 * the latest after [patience]. Close the result to undo that, once there is nothing left to shut down.
 *
 * ```
 * val server = api.start(scope, handler)
 * shutdownOnTermination { server.shutdown(grace = 25.seconds) }
 * ```
 *
 * It runs on a thread of its own beside others that are registered, in no particular order (see `Runtime.addShutdownHook`).
 *
 * @throws IllegalStateException if the process is ending already.
 */
@KotlinOnly
public fun shutdownOnTermination(patience: Duration = 30.seconds, shutdown: suspend () -> Unit): AutoCloseable {
    requirePositive("patience", patience)
    val hook = Thread({ within(patience) { runBlocking { shutdown() } } }, "hawser-termination")
    Runtime.getRuntime().addShutdownHook(hook)
    return AutoCloseable {
        try {
            Runtime.getRuntime().removeShutdownHook(hook)
        } catch (_: IllegalStateException) {
            // The process is ending: it runs.
        }
    }
}

/** Runs [action] on a thread that keeps nobody, and returns when it has, or after [patience], whatever it waits for. */
private fun within(patience: Duration, action: Runnable) {
    val thread = Thread(action, "hawser-shutdown").apply { isDaemon = true }
    thread.start()
    thread.join(patience.inWholeMilliseconds.coerceAtLeast(1))
}

/**
 * Has [shutdown] run in this scope as soon as [job] has ended, however it has: that of a scope, for example, whose work uses what is to be
 * shut down. This scope waits for both; cancelling it, or the result, undoes it, and so does the failure of a [job] that is its own child.
 */
@KotlinOnly
public fun CoroutineScope.shutdownAfter(job: Job, shutdown: suspend () -> Unit): Job = launch(CoroutineName("shutdown after $job")) {
    job.join()
    shutdown()
}
