package io.hawser.tls

import io.hawser.tls.TlsHandshakeFailed.Reason
import io.hawser.transport.Layer
import io.hawser.transport.RawStream
import io.hawser.transport.TransportApi
import java.io.IOException
import java.nio.ByteBuffer
import kotlin.time.Duration
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CoroutineDispatcher
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.withContext
import kotlinx.coroutines.withTimeoutOrNull

/**
 * Where the arithmetic of handshakes is done, as many at a time as there are cores: it takes milliseconds, which no connection that shares
 * a loop is to wait for.
 */
private val handshakes: CoroutineDispatcher = Dispatchers.IO.limitedParallelism(Runtime.getRuntime().availableProcessors(), "hawser-tls")

/** Puts TLS over streams, as [side] has it. A server holds next to nothing of a client before its first record is there. */
@OptIn(TransportApi::class)
internal class TlsLayer(private val side: Side, private val closeTimeout: Duration) : Layer {
    override suspend fun wrap(inner: RawStream): RawStream {
        val incoming = Transit(side.buffers)
        // Held here, because a cancellation on the way back from another thread would drop the result.
        var stream: TlsStream? = null
        try {
            if (!side.speaksFirst) awaitFirstRecord(inner, incoming)
            return offLoop { shakeHands(inner, incoming).also { stream = it } }
        } catch (e: Throwable) {
            stream?.abort() ?: incoming.drop()
            throw e
        }
    }

    /** Engines of native code have no tasks: with those all of it is arithmetic. */
    private suspend fun <T> offLoop(block: suspend () -> T): T = if (side.isNative) withContext(handshakes) { block() } else block()

    private suspend fun awaitFirstRecord(inner: RawStream, incoming: Transit) {
        while (!Record.isDecided(incoming)) {
            when (incoming.append(Record.HEADER + Record.MAX_LENGTH) { inner.read(it) }) {
                0 -> {
                    incoming.stash()
                    inner.awaitReadable()
                }

                -1 -> throw TlsHandshakeFailed(inner.endpoint, Reason.Ended, "the peer closed the connection before it began")
            }
        }
    }

    private suspend fun shakeHands(inner: RawStream, incoming: Transit): TlsStream {
        val pump = TlsPump(side.engine(inner), inner, incoming, side.buffers, side.acceptTruncation)
        try {
            while (true) {
                when (pump.shakeHands()) {
                    Wait.Nothing -> break

                    Wait.Tasks -> withContext(handshakes) { pump.runTasks() }

                    Wait.Room -> inner.awaitWritable()

                    Wait.Input -> {
                        pump.rest()
                        inner.awaitReadable()
                    }
                }
            }
            val session = pump.session(side.serverName)
            side.objectionTo(session)?.let { pump.fail(TlsHandshakeFailed(inner.endpoint, it.reason, it.message, it)) }
            return TlsStream(inner, pump, session, closeTimeout)
        } catch (e: TlsFailure) {
            try {
                part(inner, pump)
            } catch (_: CancellationException) {
                // Of the two this is what there is to say.
            }
            throw e
        } catch (e: Throwable) {
            pump.drop()
            throw e
        }
    }

    /** Has the peer get the alert that says why there is nothing to be had. */
    private suspend fun part(inner: RawStream, pump: TlsPump) {
        try {
            withTimeoutOrNull(closeTimeout) {
                while (!pump.flush()) inner.awaitWritable()
                if (!side.speaksFirst) {
                    inner.shutdownOutput()
                    discardUntilEnd(inner)
                }
            }
        } catch (_: IOException) {
            // Whoever is gone needs no explanation.
        } finally {
            pump.drop()
        }
    }

    /** Closing on a client that still sends would have the kernel reset the connection, and the client lose the alert. */
    private suspend fun discardUntilEnd(inner: RawStream) {
        var left = MOST_DISCARDED
        while (left > 0) {
            val buffer: ByteBuffer = inner.loop.buffers.take()
            val count = try {
                inner.read(buffer)
            } finally {
                inner.loop.buffers.give(buffer)
            }
            if (count < 0) return
            if (count == 0) inner.awaitReadable()
            left -= count
        }
    }

    private companion object {
        const val MOST_DISCARDED = 256 * 1024
    }
}
