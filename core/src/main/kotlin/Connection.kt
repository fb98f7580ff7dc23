package io.hawser

import io.hawser.engine.disk
import io.hawser.framing.Lines
import io.hawser.framing.framed
import io.hawser.rate.Pace
import io.hawser.transport.Layer
import io.hawser.transport.RawStream
import io.hawser.transport.TransportApi
import java.io.IOException
import java.net.SocketAddress
import java.nio.ByteBuffer
import java.nio.channels.FileChannel
import java.nio.file.FileSystemException
import java.nio.file.Files
import java.nio.file.Path
import java.nio.file.StandardOpenOption.READ
import kotlin.time.Duration
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.nanoseconds
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.withContext

/**
 * A connected byte stream: the same class and the same contracts over every transport.
 *
 * One coroutine reads at a time, any number may write, and both go on side by side, from any thread. Nothing is buffered on the way
 * out, so there is nothing to flush; what a call read ahead on the way in stays for the next one. A connection that waits for its peer to
 * send holds no buffer of the loop.
 *
 * Who has it closes it: a server closes its handlers' connections, [StreamClient.connect] with a block its own; whoever was handed one
 * uses [close]. Every call on a closed connection fails with [ConnectionClosed], on one that the peer reset with [ConnectionReset].
 */
@OptIn(TransportApi::class)
public class Connection internal constructor(private val raw: RawStream, private val life: Lifecycle) : AutoCloseable {
    private val terms = life.terms
    internal val input = Input(life)
    private val output = Output(life)
    private val deadlines = if (terms.firstTimeout.isFinite()) Deadlines(life, input, output) else null
    private val opened = raw.loop.nanoTime()

    /** Made when somebody asks first, which for most nobody does. */
    @Volatile
    private var pace: Pace? = null

    /** Set once and for all, by the one upgrade that may begin. */
    @Volatile
    private var upgrade: Upgrade? = null
    private val successor: Connection? get() = upgrade?.successor

    internal constructor(raw: RawStream, terms: Terms) : this(raw, Lifecycle(raw, terms))

    /** A connection over [raw] that belongs to nobody: it has no timeouts but [closeTimeout], and tells nobody what happens to it. */
    @TransportApi
    public constructor(raw: RawStream) : this(raw, Terms())

    init {
        deadlines?.start()
    }

    /** Tells connections of this process apart; never given twice. */
    public val id: Long get() = terms.id

    /** Our address, also after the end. */
    public val local: SocketAddress get() = raw.local

    /** The peer's address, also after the end. */
    public val remote: SocketAddress get() = raw.remote

    /** The peer as messages name it. */
    public val endpoint: Endpoint get() = raw.endpoint

    /** What is known of the peer beyond its address. */
    public val attributes: Attributes get() = life.raw.attributes

    /**
     * True once the server, the reconnecting client or the pool of this connection shuts down: a handler that sees it ends soon, or is
     * cut when the grace is over. Hot; always false for the connection of another client.
     */
    public val draining: StateFlow<Boolean> get() = terms.draining

    /** Whether calls can succeed, as far as this side knows: a peer that vanished without a word is noticed by the next call. */
    public val isOpen: Boolean get() = life.reason == null

    /** Why the connection is closed, or null while it is open. */
    public val closeReason: CloseReason? get() = life.reason

    /** How many bytes have come in, those of a connection that an [upgrade] of this one returned too. */
    public val bytesRead: Long get() = input.bytes + (successor?.bytesRead ?: 0)

    /** The stream as its transport, or the outermost layer over it, sees it. */
    @TransportApi
    public val transport: RawStream get() = raw

    /** How long what layers over it still have to send may take once it has been closed: [ConnectionOptions.closeTimeout]. */
    @TransportApi
    @get:JvmSynthetic
    public val closeTimeout: Duration get() = terms.closeTimeout

    /** How many bytes the transport, or the outermost layer over it, has taken; otherwise as [bytesRead]. */
    public val bytesWritten: Long get() = output.bytes + (successor?.bytesWritten ?: 0)

    /**
     * Reads what is there into [target], waiting for the first byte if need be.
     *
     * Returns how many bytes, at least 1, or -1 at the end of the stream and ever after. Cancelling it loses no byte: the next read
     * goes on where this one was.
     *
     * @throws IllegalArgumentException if [target] has no room.
     * @throws IllegalStateException at once if another coroutine is reading.
     * @throws ConnectionReset if the peer reset the connection; bytes that had arrived may be lost with it.
     * @throws ConnectionClosed if it is, or becomes, closed on this side.
     */
    public suspend fun read(target: ByteBuffer): Int = input.read(target)

    /**
     * Suspends until a read would not have to wait: bytes are there, or the end. The bytes stay for the next read, and while it waits
     * it holds no buffer; cancelling it changes nothing. Throws as [read] does.
     */
    public suspend fun awaitReadable(): Unit = input.awaitReadable()

    /**
     * Writes all of [source], and returns when the kernel has taken every byte.
     *
     * Writes of several coroutines leave whole and in the order of their calls. Cancelling one before its first byte has left sends
     * nothing; cancelled later it aborts the connection, because half a message would corrupt the stream.
     *
     * @throws ConnectionReset if the peer reset the connection. The kernel reports that on the second write at the earliest.
     * @throws ConnectionClosed if it is, or becomes, closed on this side.
     * @throws IllegalStateException after [shutdownOutput].
     */
    public suspend fun write(source: ByteBuffer): Unit = output.write(source)

    /**
     * Writes all of [sources], each of which is there once, as one message, in one system call where that can be. As [write] for one
     * buffer.
     */
    public suspend fun write(sources: Array<ByteBuffer>): Unit = output.write(sources)

    /**
     * Reads one line of UTF-8, up to a line feed, and returns it without its `\n` or `\r\n`; null at the end of the stream.
     *
     * Cancelling it loses no byte. [limit] is the longest line in bytes that is taken; a longer one stays unread.
     *
     * @throws UnexpectedEnd if the stream ends inside a line: half a line is not a line.
     * @throws FrameTooLarge over [limit].
     * @throws MalformedFrame if the line is not UTF-8; it is gone, and the next one can be read.
     * @sample io.hawser.samples.documentation.connectionLines
     */
    public suspend fun readLine(limit: Int = Lines.DEFAULT_MAX_LENGTH): String? = input.nextFrame(lineCodec(limit))

    /**
     * Every line until the end, read as [readLine] does. Cold; what its collector does not take stays in the connection.
     *
     * @sample io.hawser.samples.documentation.connectionLines
     */
    public fun lines(limit: Int = Lines.DEFAULT_MAX_LENGTH): Flow<String> = framed(lineCodec(limit)).incoming

    /** Writes [line] as UTF-8 and a line feed behind it, as one [write]. */
    public suspend fun writeLine(line: String): Unit = write(ByteBuffer.wrap("$line\n".encodeToByteArray()))

    /**
     * Reads exactly [count] bytes. Cancelled or failed, it puts back what had come, for the next read.
     *
     * @throws UnexpectedEnd if the stream ends before.
     */
    public suspend fun readExactly(count: Int): ByteArray {
        require(count >= 0) { "count < 0: $count" }
        return input.readExactly(count)
    }

    /** Everything until the end, in the pieces it comes in. Cold; what its collector does not take stays in the connection. */
    public fun incoming(): Flow<ByteArray> = LosslessFlow {
        while (true) {
            val buffer = input.next() ?: break
            val bytes = try {
                ByteArray(buffer.remaining()).also { buffer.get(it) }
            } finally {
                input.giveBack(buffer)
            }
            it.emit(bytes)
        }
    }

    /**
     * Sends [count] bytes of [file] from [position] on, by default all of it, as one write; returns how many there were.
     *
     * The bytes go from the disk to the socket without a copy through this process where the transport can. The disk is read on
     * threads of its own. Cancelled in the middle it aborts the connection, like a [write].
     *
     * @throws java.nio.file.NoSuchFileException and what else opening a file throws, before anything is sent.
     */
    public suspend fun sendFile(file: Path, position: Long = 0, count: Long = Long.MAX_VALUE): Long {
        require(position >= 0) { "position < 0: $position" }
        require(count >= 0) { "count < 0: $count" }
        return dispatched {
            withContext(disk) {
                // Opening a named pipe would wait for its writer, and a folder only fails when it is read.
                if (Files.exists(file) && !Files.isRegularFile(file)) throw FileSystemException("$file", null, "not a regular file")
                FileChannel.open(file, READ).use { output.sendFile(it, position, minOf(count, it.size() - position)) }
            }
        }
    }

    /**
     * Ends our direction after the writes before it: the peer reads everything and then the end, and may go on sending, which is read
     * as before. Once is enough: a second call does nothing.
     */
    public suspend fun shutdownOutput(): Unit = output.shutdown()

    /**
     * Puts [layer] over this live connection, as STARTTLS does, and returns the connection to go on with.
     *
     * It takes over from this one: from now on reads and writes here fail, while whoever closes or aborts this one, or waits for its end,
     * means the other, and the server or the client that it belongs to goes on with that; its timeouts begin anew. What happens to both is
     * told under one [id]. Whatever has not been read from the transport yet is the layer's.
     *
     * It returns when [layer] is ready, for which there is [ConnectionOptions.handshakeTimeout]. Cancelling it aborts the connection, as a
     * timeout does; any other failure closes it, and is its [closeReason]. A close or an abort ends the handshake at once.
     *
     * @throws IllegalStateException if a read or a write is going on, after [shutdownOutput], or if it has been upgraded before: then
     *   nothing has changed.
     * @throws UnreadInput if the peer sent something ahead of the handshake that was read and that nobody has asked for.
     * @throws UnexpectedEnd if the peer has ended its stream.
     * @throws HandshakeTimeout if [layer] is not ready in time.
     * @throws ConnectionClosed if it is, or becomes, closed on this side.
     */
    @TransportApi
    public suspend fun upgrade(layer: Layer): Connection {
        life.ensureOpen()
        val beginning = Upgrade("$this", life, input)
        input.seize(beginning)
        try {
            output.seize(beginning)
        } catch (e: Throwable) {
            input.letGo()
            throw e
        }
        upgrade = beginning
        deadlines?.stop()
        return beginning.put(layer)
    }

    /**
     * Closes both directions at once, without waiting for anybody; what was written still reaches a peer that reads. Idempotent, from
     * any thread. Pending and later calls fail with [ConnectionClosed].
     *
     * The peer sees the end at once; [awaitClosed] tells when the descriptor is free.
     */
    override fun close() {
        life.close()
        ended()
    }

    /**
     * Closes at once and lets the peer see a reset; what is in flight is lost. Otherwise as [close].
     *
     * Unix sockets have no resets: unless the peer had sent something that nobody has read, it sees an end.
     */
    public fun abort() {
        life.abort()
        ended()
    }

    /** Suspends until the connection has been closed, by whomever, and its descriptor is free. */
    public suspend fun awaitClosed(): Unit = dispatched { life.awaitClosed() }

    override fun toString(): String = "connection $id to $endpoint"

    /** What calls fail with now that it is closed, or null while it is open. */
    internal val gone: SocketFailure? get() = if (isOpen) null else life.gone()

    /** Closes for [why], unless it is closed already. */
    internal fun end(why: CloseReason) {
        life.end(why)
        ended()
    }

    /**
     * Whether somebody else could use it as if it were new: it is open, the peer too as far as can be seen without waiting, nobody uses it,
     * and nothing of one that did is left in it.
     */
    internal suspend fun isReusable(): Boolean = isOpen && upgrade == null && output.isFree() && input.isQuiet()

    /** From now on reads that would have to wait end the stream. */
    internal fun endInput() {
        input.cutShort()
        successor?.endInput()
    }

    private fun ended() {
        deadlines?.stop()
        input.closed()
        successor?.ended()
    }

    private val lastActive: Long get() = successor?.lastActive ?: maxOf(input.lastActive, output.lastActive)

    /** Whether it has ever been held back by a rate. */
    internal val wasThrottled: Boolean get() = terms.throttle?.hasHeld == true

    /** For how long it has been held back by rates. */
    internal val throttledTime: Duration get() = terms.throttle?.held(raw.loop.nanoTime()) ?: Duration.ZERO

    internal fun info(): ConnectionInfo {
        val now = raw.loop.nanoTime()
        // Clocks that are exact to a turn may be a turn behind each other.
        val age = (now - opened).coerceAtLeast(0)
        val idle = (now - lastActive).coerceIn(0, age)
        val read = bytesRead
        val written = bytesWritten
        val pace = pace ?: Pace(opened).also { pace = it }
        val (readRate, writeRate) = pace.measure(now, read, written)
        val throttled = terms.throttle?.isThrottled(now) == true
        return ConnectionInfo(id, local, remote, age.nanoseconds, idle.nanoseconds, read, written, readRate, writeRate, throttled)
    }

    /**
     * Closes so that the peer gets everything we wrote even if it is still sending: ends our direction, throws away what comes, and
     * closes at the peer's end or at a limit. (RFC 1122, 4.2.2.13: unread data at close is answered with a reset.)
     */
    internal suspend fun linger() {
        if (!isOpen) return
        // There is nobody left who could use what an upgrade is going to return.
        if (upgrade != null) return successor?.linger() ?: close()
        life.isParting = true
        input.goOn()
        val limit = raw.loop.schedule(LINGER_TIME) { close() }
        try {
            var count = input.discardNow(LINGER_BYTES)
            if (count < 0) return
            output.letPass()
            output.shutdown()
            var left = LINGER_BYTES - count
            while (left > 0) {
                input.awaitReadable()
                count = input.discardNow(left)
                if (count < 0) return
                left -= count
            }
        } catch (_: IOException) {
            // Closed by the timer, or by a peer that is gone: there is nobody left to be kind to.
        } catch (_: IllegalStateException) {
            // Somebody outside the handler is still reading, and is told of the end by the close.
        } finally {
            limit.dispose()
            close()
        }
    }

    private companion object {
        const val LINGER_BYTES = 256 * 1024
        val LINGER_TIME = 500.milliseconds

        fun lineCodec(limit: Int): Lines {
            require(limit >= 0) { "limit < 0: $limit" }
            return if (limit == Lines.DEFAULT_MAX_LENGTH) Lines.standard else Lines(limit)
        }
    }
}
