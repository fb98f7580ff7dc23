package io.hawser.samples.connect

import io.hawser.samples.cli.OutputLost
import io.hawser.samples.cli.stdinIsTerminal
import io.hawser.samples.cli.stdinWasClosed
import java.io.FileDescriptor
import java.io.FileOutputStream
import java.io.IOException
import java.nio.ByteBuffer
import java.util.concurrent.Executors
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
    suspend fun write(source: ByteBuffer) = writer.run {
        try {
            while (source.hasRemaining()) channel.write(source)
        } catch (e: IOException) {
            throw OutputLost(e.message, e)
        }
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
