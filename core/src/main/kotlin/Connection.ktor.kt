@file:JvmName("KtorChannels")

package io.hawser

import io.ktor.utils.io.ByteReadChannel
import io.ktor.utils.io.ByteWriteChannel
import io.ktor.utils.io.ClosedReadChannelException
import io.ktor.utils.io.ClosedWriteChannelException
import io.ktor.utils.io.InternalAPI
import java.io.IOException
import java.nio.ByteBuffer
import java.util.concurrent.atomic.AtomicReference
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CopyableThrowable
import kotlinx.coroutines.ExperimentalCoroutinesApi
import kotlinx.coroutines.sync.Mutex
import kotlinx.io.Buffer
import kotlinx.io.Sink
import kotlinx.io.Source
import kotlinx.io.readByteArray
import kotlinx.io.transferFrom

/**
 * What comes in, as a channel of Ktor: for code that was written for Ktor's raw sockets, and for Ktor's functions on channels.
 *
 * One coroutine uses it at a time, as with [Connection.read]; a second one that waits for bytes fails with IllegalStateException. It
 * reads only when more is asked for than it has, and waits without a buffer of the loop. What it has read ahead is in the channel: make
 * one for a connection and stay with it, because reads of the connection itself go on behind that. Cancelling whoever waits for bytes
 * loses none.
 *
 * `cancel` ends the channel, from any thread: who waits fails, and so do later calls. It closes nothing, and drops what had been read
 * ahead; whoever has the connection closes it, after the end of the stream too. Once the end has been read there is nothing to cancel.
 *
 * Calls fail as those of Ktor's own channels do, once the connection has failed or been closed before its end was read, and what had
 * been read ahead is dropped: with [ClosedReadChannelException], whose cause is the [SocketFailure], or with a CancellationException if
 * the channel was cancelled with one. [ReadTimeout] ends neither the connection nor the channel, and is thrown as it is.
 */
@KotlinOnly
public fun Connection.asByteReadChannel(): ByteReadChannel = ConnectionReadChannel(this)

/**
 * What goes out, as a channel of Ktor, whose counterpart is [asByteReadChannel]. With [autoFlush] each call of Ktor's functions is sent
 * at once; otherwise at a `flush`, and when there is 1 MiB.
 *
 * One coroutine at a time writes or calls `flush`; while one waits in a flush another one may go on. `flush` is one write of the
 * connection, with its contracts: it returns when the kernel has taken every byte, so that a slow peer slows its sender down; it never
 * interleaves with other writes; cancelled before the first byte it keeps everything for the next flush, and after that aborts the
 * connection. Ktor's own returns sooner, while less than 1 MiB waits, and its sockets read ahead as much: two ends that both write before
 * they read may wait for each other for ever here. Read while you write.
 *
 * `flushAndClose` ends our direction as [Connection.shutdownOutput] does: the peer reads everything and then the end, and reading goes on.
 * Unlike Ktor's it fails if the peer cannot get everything, unless a call has failed before. Nobody waits for what Ktor's deprecated
 * `close` sends, or hears of its failure: who closes the connection behind it cuts that off. `cancel`, from any thread, drops what has not
 * been flushed and aborts the connection, unless the channel has ended before: an end would tell the peer that it has got everything.
 * Neither closes the connection, which is for whoever has it.
 *
 * Calls fail with [ClosedWriteChannelException], whose cause is the [SocketFailure], or an IllegalStateException where somebody else has
 * ended the output or upgraded the connection; or with a CancellationException if the channel was cancelled with one.
 */
@KotlinOnly
public fun Connection.asByteWriteChannel(autoFlush: Boolean = false): ByteWriteChannel = ConnectionWriteChannel(this, autoFlush)

private class ConnectionReadChannel(private val connection: Connection) : ByteReadChannel {
    /** For the reader only, who alone sets [ended]. */
    private val buffer = Buffer()

    @Volatile
    private var ended = false
    private val failure = AtomicReference<Throwable?>()

    override val closedCause: Throwable?
        get() = (failure.get() ?: connection.gone.takeUnless { ended })?.asEnd(::ClosedReadChannelException)

    override val isClosedForRead: Boolean
        get() = failure.get() != null || if (ended) buffer.exhausted() else !connection.isOpen

    @InternalAPI
    override val readBuffer: Source
        get() {
            ensureUsable()
            return buffer
        }

    override suspend fun awaitContent(min: Int): Boolean {
        ensureUsable()
        while (buffer.size < min && !ended) {
            val bytes = next()
            if (bytes != null) keep(bytes)
            ensureUsable()
            if (bytes == null) ended = true
        }
        return buffer.size >= min
    }

    /** What comes next, or null at the end, also at that of the channel. */
    private suspend fun next(): ByteBuffer? = try {
        connection.input.nextUnless { failure.get() != null }
    } catch (e: ReadTimeout) {
        throw e
    } catch (e: IOException) {
        failure.compareAndSet(null, e)
        null
    }

    private fun keep(bytes: ByteBuffer) {
        try {
            buffer.transferFrom(bytes)
        } finally {
            connection.input.giveBack(bytes)
        }
    }

    override fun cancel(cause: Throwable?) {
        if (!ended && failure.compareAndSet(null, cause ?: cancelled())) connection.input.wake()
    }

    private fun ensureUsable() {
        closedCause?.let { throw it }
    }

    override fun toString(): String = "bytes from $connection"
}

private class ConnectionWriteChannel(private val connection: Connection, override val autoFlush: Boolean) : ByteWriteChannel {
    /** For the writer only. */
    private val buffer = Buffer()

    /** What has been flushed and has not left, for whoever has its monitor. */
    private val flushed = Buffer()

    /** Held while [flushed] is being sent, so that it is sent once. */
    private val sending = Mutex()

    @Volatile
    private var ended = false
    private val failure = AtomicReference<Throwable?>()

    override val closedCause: Throwable?
        get() = (failure.get() ?: connection.gone.takeUnless { ended })?.asEnd(::ClosedWriteChannelException)

    override val isClosedForWrite: Boolean get() = ended || failure.get() != null || !connection.isOpen

    @InternalAPI
    override val writeBuffer: Sink
        get() {
            ensureUsable()
            if (ended) throw ClosedWriteChannelException()
            return buffer
        }

    override suspend fun flush() {
        ensureUsable()
        synchronized(flushed) { flushed.transferFrom(buffer) }
        if (sending.tryLock()) return sendAll()
        dispatched {
            sending.lock()
            sendAll()
        }
    }

    /** Sends with [sending] held, and lets it go. */
    private suspend fun sendAll() {
        try {
            val bytes = synchronized(flushed) { flushed.copy().readByteArray() }
            if (bytes.isEmpty()) return
            failing { connection.write(ByteBuffer.wrap(bytes)) }
            // Not before: who is cancelled in time finds it all there.
            synchronized(flushed) { flushed.skip(bytes.size.toLong()) }
        } finally {
            sending.unlock()
        }
    }

    override suspend fun flushAndClose() {
        // As often as one likes, and after a failure that somebody was told of: Ktor's functions do so on their way out.
        if (ended || failure.get() != null) return
        flush()
        failing { connection.shutdownOutput() }
        ended = true
    }

    override fun cancel(cause: Throwable?) {
        if (!ended && failure.compareAndSet(null, cause ?: cancelled())) connection.abort()
    }

    private inline fun failing(block: () -> Unit) {
        try {
            block()
        } catch (e: CancellationException) {
            // In the middle it has aborted the connection, and who is cancelled need not be told of that.
            failure.compareAndSet(null, connection.gone)
            throw e
        } catch (e: IOException) {
            failure.compareAndSet(null, e)
            ensureUsable()
        } catch (e: IllegalStateException) {
            failure.compareAndSet(null, e)
            ensureUsable()
        }
    }

    private fun ensureUsable() {
        val cause = closedCause ?: return
        failure.compareAndSet(null, connection.gone)
        throw cause
    }

    override fun toString(): String = "bytes to $connection"
}

/** What a channel that this has ended fails with, anew for every call. */
@OptIn(ExperimentalCoroutinesApi::class)
private inline fun Throwable.asEnd(wrap: (Throwable) -> Throwable): Throwable = (this as? CopyableThrowable<*>)?.createCopy()
    ?: if (this is CancellationException) CancellationException(message, this) else wrap(this)

private fun cancelled() = IOException("Channel was cancelled")
