package io.hawser.samples.broker

import io.hawser.broker.Request
import io.hawser.broker.Responder
import java.io.IOException
import java.io.InputStream
import java.util.concurrent.Executors
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.NonCancellable
import kotlinx.coroutines.async
import kotlinx.coroutines.cancelChildren
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.flow.takeWhile
import kotlinx.coroutines.launch
import kotlinx.coroutines.suspendCancellableCoroutine
import kotlinx.coroutines.withContext

private const val PIECE = 64 * 1024

/** As much of what a command complains of as fits into a failure. */
private const val COMPLAINT = 1024

/** A [line] for sh that answers requests: each time a process of its own. */
internal class Command(private val line: String) {
    /** Runs it with what is asked, and answers with what it prints; if it is cancelled the process is killed, and what that has begun. */
    suspend fun answer(request: Request, responder: Responder) {
        var started: Process? = null
        try {
            // Held out here: a cancellation on the way back would drop it.
            withContext(NonCancellable) { started = detached { ProcessBuilder("sh", "-c", line).start() } }
            val process = checkNotNull(started)
            coroutineScope {
                val complaint = async { firstLine(process.errorStream) }
                launch { feed(request, process) }
                passOn(process.inputStream, responder)
                val why = complaint.await()
                val status = detached { process.waitFor() }
                if (status != 0) responder.fail(status, why.ifEmpty { "the command ended with status $status" })
                coroutineContext.cancelChildren()
            }
        } finally {
            withContext(NonCancellable + Dispatchers.IO) { started?.let(::kill) }
        }
    }

    private suspend fun feed(request: Request, process: Process) {
        val input = process.outputStream
        request.body.takeWhile { chunk -> isTaken { input.write(chunk).also { input.flush() } } }.collect {}
        isTaken { input.close() }
    }

    /** False if the command wants no more of it. */
    private suspend fun isTaken(write: () -> Unit): Boolean = detached {
        try {
            write()
            true
        } catch (_: IOException) {
            false
        }
    }

    private suspend fun passOn(output: InputStream, responder: Responder) {
        val piece = ByteArray(PIECE)
        while (true) {
            val count = detached { output.read(piece) }
            if (count < 0) break
            responder.send(piece.copyOf(count))
        }
    }

    /** Takes all that comes, so that nobody waits to complain. */
    private suspend fun firstLine(errors: InputStream): String = detached {
        val line = StringBuilder()
        errors.reader().use { reader ->
            var isFirst = true
            while (true) {
                val char = reader.read()
                if (char < 0) break
                if (char == '\n'.code) isFirst = false
                if (isFirst && line.length < COMPLAINT) line.append(char.toChar())
            }
        }
        line.trim().toString()
    }

    private fun kill(process: Process) {
        val begun = process.descendants().toList()
        // The shell first: it would go on with its next line.
        process.destroyForcibly()
        begun.forEach { it.destroyForcibly() }
    }
}

private val threads = Executors.newCachedThreadPool { Thread(it, "hawser-command").apply { isDaemon = true } }

/** Has a thread make a [call] that blocks and that nothing can interrupt. Whoever is cancelled goes, and leaves his call behind. */
private suspend fun <T> detached(call: () -> T): T = suspendCancellableCoroutine { caller ->
    threads.execute { caller.resumeWith(runCatching(call)) }
}
