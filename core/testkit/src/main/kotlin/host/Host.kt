package io.hawser.testkit.host

import io.hawser.ServerHandle
import io.hawser.testkit.LeakCheck
import io.hawser.testkit.RecordedEvents
import java.nio.file.Files
import java.nio.file.Path
import java.util.concurrent.ConcurrentLinkedQueue
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.NonCancellable
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.withContext
import kotlinx.coroutines.withTimeoutOrNull

/**
 * A server that runs while tests do. [start] starts it in a scope, and may ask for a folder of its own, which goes with it.
 *
 * What a handler asserts in vain concerns the test: [checking] wraps handlers so that it is told.
 */
internal class Host<H : ServerHandle>(private val start: suspend Host<H>.(scope: CoroutineScope, folder: () -> Path) -> H) {
    private val failures = ConcurrentLinkedQueue<AssertionError>()

    @Volatile
    private var running: H? = null

    val events = RecordedEvents()

    val server: H get() = checkNotNull(running) { "the server runs from before the first test until after the last one, and not now" }

    /** Runs [handler] and remembers what it asserts in vain. */
    suspend fun checking(handler: suspend () -> Unit) {
        try {
            handler()
        } catch (e: AssertionError) {
            failures.add(e)
            throw e
        }
    }

    /**
     * Runs [block] while the server runs, and returns when nothing of the server is left.
     *
     * @throws AssertionError if anything is left behind, or a handler asserted something in vain that no test has been told.
     */
    suspend fun <T> around(block: suspend () -> T): T {
        val result = LeakCheck.around {
            val folder = lazy { Files.createTempDirectory("hawser") }
            try {
                coroutineScope { serving(folder::value, block) }
            } finally {
                if (folder.isInitialized()) folder.value.toFile().deleteRecursively()
            }
        }
        takeFailure()?.let { throw it }
        return result
    }

    /** A test begins: what it finds recorded is its own. Returns what [problemSince] compares with. */
    fun begin(): Int {
        events.clear()
        return server.connectionCount.value
    }

    /** What a test has done wrong that found [count] connections, or null. */
    suspend fun problemSince(count: Int): AssertionError? {
        val server = server
        val left = withTimeoutOrNull(CONNECTIONS_GONE) { server.connectionCount.first { it <= count } } == null
        val failure = takeFailure()
        if (!left) return failure
        val leak = AssertionError("left behind:\n  ${server.connectionCount.value - count} connections of the $server")
        failure?.let(leak::addSuppressed)
        return leak
    }

    private suspend fun <T> CoroutineScope.serving(folder: () -> Path, block: suspend () -> T): T {
        val server = start(this@Host, this, folder)
        events.record(server.events, this)
        running = server
        try {
            return block()
        } finally {
            running = null
            server.close()
            withContext(NonCancellable) { server.awaitClosed() }
        }
    }

    private fun takeFailure(): AssertionError? {
        val first = failures.poll() ?: return null
        generateSequence(failures::poll).forEach(first::addSuppressed)
        return first
    }

    private companion object {
        val CONNECTIONS_GONE = 1.seconds
    }
}
