package io.hawser.samples.connect

import io.hawser.samples.cli.Console
import io.hawser.samples.cli.OutputLost
import io.hawser.samples.cli.stdinIsTerminal
import io.hawser.samples.cli.stdinWasClosed
import java.io.FileDescriptor
import java.io.FileOutputStream
import java.io.IOException
import java.nio.ByteBuffer
import java.util.concurrent.ArrayBlockingQueue
import java.util.concurrent.Executors
import java.util.concurrent.ThreadPoolExecutor
import java.util.concurrent.ThreadPoolExecutor.DiscardOldestPolicy
import java.util.concurrent.TimeUnit.MILLISECONDS
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.suspendCancellableCoroutine

/** Standard input, nothing of which is read before it is asked for: who cannot connect leaves it to somebody else. */
internal class StandardInput {
    private val reader = Detached("hawser-input")
    private val wasClosed = stdinWasClosed()

    val isTerminal: Boolean = stdinIsTerminal()

    /**
     * Reads what is there into [target], waiting for the first byte; false at the end.
     *
     * @throws InputLost
     */
    suspend fun read(target: ByteBuffer): Boolean = reader.run {
        if (wasClosed) throw InputLost("it is closed")
        try {
            val count = System.`in`.read(target.array(), target.position(), target.remaining())
            if (count > 0) target.position(target.position() + count)
            count >= 0
        } catch (e: IOException) {
            throw InputLost(e.message, e)
        }
    }
}

/** Standard output without the buffers of [System.out], whose failures nobody sees. */
internal class StandardOutput {
    private val channel = FileOutputStream(FileDescriptor.out).channel
    private val writer = Detached("hawser-output")

    /**
     * Writes all of [source], for as long as it takes its reader.
     *
     * @throws OutputLost
     */
    suspend fun write(source: ByteBuffer): Unit = writer.run {
        try {
            while (source.hasRemaining()) channel.write(source)
        } catch (e: IOException) {
            throw OutputLost(e.message, e)
        }
    }

    suspend fun writeLine(line: String): Unit = write(ByteBuffer.wrap("$line\n".encodeToByteArray()))
}

/** Lines for stderr, for which nobody waits: it may be a pipe that nobody reads. If too many wait, the oldest are lost. */
internal class StandardError(private val console: Console) : AutoCloseable {
    private val writer = ThreadPoolExecutor(
        1,
        1,
        0,
        MILLISECONDS,
        ArrayBlockingQueue(WAITING),
        { Thread(it, "hawser-errors").apply { isDaemon = true } },
        DiscardOldestPolicy(),
    )

    fun tell(what: String) = writer.execute { console.tell(what) }

    /** Blocks until the last line has been written, but not for ever. */
    override fun close() {
        writer.shutdown()
        writer.awaitTermination(PATIENCE.inWholeMilliseconds, MILLISECONDS)
    }

    private companion object {
        const val WAITING = 1024
        val PATIENCE = 5.seconds
    }
}

/** Standard input cannot be read. */
internal class InputLost(why: String?, cause: IOException? = null) : IOException("cannot read standard input: $why", cause)

/**
 * A thread for calls that block and that nothing can interrupt, such as those on pipes and terminals. Whoever is cancelled goes, and leaves
 * his call behind; it keeps no JVM alive.
 */
private class Detached(name: String) {
    private val thread = Executors.newSingleThreadExecutor { Thread(it, name).apply { isDaemon = true } }

    suspend fun <T> run(call: () -> T): T = suspendCancellableCoroutine { caller ->
        thread.execute { caller.resumeWith(runCatching(call)) }
    }
}
