package io.hawser.tls

import io.hawser.Attributes
import io.hawser.Endpoint
import io.hawser.transport.Loop
import io.hawser.transport.RawStream
import io.hawser.transport.TransportApi
import java.io.IOException
import java.net.SocketAddress
import java.nio.ByteBuffer
import java.nio.channels.ClosedChannelException
import kotlin.time.Duration
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.CoroutineStart.LAZY
import kotlinx.coroutines.Job
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.launch

/**
 * TLS over [inner]. The two sides share the engine, and so [pump] is guarded by its own monitor; nobody waits while he holds it.
 *
 * A close tells the peer, by `close_notify`, and then closes [inner], at once if that fits; else as soon as it has gone, and at the latest
 * after [closeTimeout].
 */
@OptIn(TransportApi::class)
internal class TlsStream(
    private val inner: RawStream,
    private val pump: TlsPump,
    private val session: TlsSession,
    private val closeTimeout: Duration,
) : RawStream {
    override val loop: Loop get() = inner.loop
    override val local: SocketAddress get() = inner.local
    override val remote: SocketAddress get() = inner.remote
    override val endpoint: Endpoint get() = inner.endpoint
    override val attributes: Attributes get() = inner.attributes.with(TlsSession.attribute, session)

    /** Nobody may use [pump] any more but who closes. Changed with the pump's monitor held. */
    @Volatile
    private var closed = false

    /** The writer's wait for room. Guarded by [pump]. */
    private var waitForRoom: Job? = null

    override fun read(target: ByteBuffer): Int = open { read(target) }

    override fun write(source: ByteBuffer): Int = open { write(arrayOf(source), 0) }.toInt()

    override fun write(sources: Array<ByteBuffer>, from: Int): Long = open { write(sources, from) }

    override fun flush(): Boolean = open { flush() }

    override suspend fun awaitReadable() {
        open {
            if (isReadable()) return
            rest()
        }
        inner.awaitReadable()
        ensureOpen()
    }

    override suspend fun awaitWritable() {
        // A close has the writer go, whether or not there is room.
        coroutineScope {
            val wait = launch(start = LAZY) { inner.awaitWritable() }
            try {
                open { waitForRoom = wait }
            } catch (e: ClosedChannelException) {
                wait.cancel()
                throw e
            }
            wait.start()
        }
        ensureOpen()
    }

    override fun wakeReader(): Unit = inner.wakeReader()

    override suspend fun shutdownOutput() {
        open { endOutput() }
        while (!flush()) awaitWritable()
        inner.shutdownOutput()
    }

    override fun close() {
        var writer: Job? = null
        val gone = synchronized(pump) {
            if (closed) return
            closed = true
            writer = waitForRoom
            try {
                pump.endOutput()
                pump.flush()
            } catch (_: IOException) {
                // Nobody is there to be told.
                true
            }
        }
        // Outside: who waits without a dispatcher goes on right here.
        writer?.cancel()
        if (gone) return finish()
        inner.wakeReader()
        finishLater(writer)
    }

    override fun abort() {
        synchronized(pump) {
            closed = true
            pump.drop()
        }
        inner.abort()
    }

    override suspend fun awaitClosed(): Unit = inner.awaitClosed()

    override fun toString(): String = "tls($inner)"

    private fun finishLater(writer: Job?) {
        val timer = if (closeTimeout.isFinite()) inner.loop.schedule(closeTimeout, ::finish) else null
        val flushing = CoroutineScope(inner.loop.dispatcher).launch {
            try {
                writer?.join()
                while (!synchronized(pump) { pump.flush() }) inner.awaitWritable()
            } catch (_: IOException) {
                // The peer is gone, or the time is up.
            }
        }
        // Not at its end: a loop that is gone does not even begin it.
        flushing.invokeOnCompletion {
            timer?.dispose()
            finish()
        }
    }

    private fun finish() {
        synchronized(pump) { pump.drop() }
        inner.close()
    }

    private inline fun <T> open(call: TlsPump.() -> T): T = synchronized(pump) {
        ensureOpen()
        pump.call()
    }

    private fun ensureOpen() {
        if (closed) throw ClosedChannelException()
    }
}
