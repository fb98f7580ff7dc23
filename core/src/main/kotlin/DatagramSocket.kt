package io.hawser

import io.hawser.event.DatagramEvent
import io.hawser.event.Events
import io.hawser.transport.RawDatagrams
import io.hawser.transport.TransportApi
import java.io.IOException
import java.net.SocketAddress
import java.nio.ByteBuffer
import java.nio.channels.ClosedChannelException
import java.util.concurrent.atomic.AtomicBoolean
import java.util.concurrent.atomic.AtomicLong
import kotlin.time.Duration
import kotlin.time.TimeSource
import kotlinx.coroutines.Job
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.asFlow
import kotlinx.coroutines.flow.flow
import kotlinx.coroutines.withTimeoutOrNull
import kotlinx.coroutines.yield

/**
 * A socket of datagrams: messages with boundaries, each of which arrives whole or not at all.
 *
 * One coroutine receives at a time, any number may send, and both go on side by side, from any thread. A client's socket has one peer, to
 * which the verbs without an address send and from which alone it receives, unless its transport says otherwise.
 *
 * A failure costs the call that meets it and no other: the socket goes on working. That nobody receives at the peer's ([PeerUnreachable])
 * is told once for each time it was found out, by the pending call or by the next one.
 *
 * Whoever opened it closes it. Every call on a closed socket fails with [SocketClosed].
 */
@OptIn(TransportApi::class)
public class DatagramSocket internal constructor(
    private val raw: RawDatagrams,
    private val maxDatagramSize: Int,
    private val events: Events?,
    /** Whom it listens to. */
    private val admission: Admission = raw.admission,
    /** Tells sockets of this process apart; never given twice. */
    public val id: Long = Terms.nextId(),
) : AutoCloseable {
    private val loop = raw.loop
    private val closed = AtomicBoolean()

    /** Completes once everybody has been told that it is closed. */
    private val announced = Job()
    private val receiving = AtomicBoolean()

    /** One byte more than is received, to see that there was more. */
    private val scratchSize = maxDatagramSize + 1

    /** Where the loop's buffers are too small. Guarded by [receiving]. */
    private var ownScratch: ByteBuffer? = null

    /** What a receive has met behind the datagrams that it returned: it is the next one's. Guarded by [receiving]. */
    private var pending: IOException? = null

    private val received = AtomicLong()
    private val sent = AtomicLong()

    /** A socket over [raw] that tells nobody what happens to it. */
    @TransportApi
    public constructor(raw: RawDatagrams, maxDatagramSize: Int) : this(raw, maxDatagramSize, events = null)

    init {
        publish { DatagramEvent.Opened(id, local, remote) }
    }

    /** Our address, also after the end. */
    public val local: SocketAddress get() = raw.local

    /** The peer's address, or null if there is more than one. */
    public val remote: SocketAddress? get() = raw.remote

    /** The peer as messages name it, or this socket if there is more than one. */
    public val endpoint: Endpoint get() = raw.remote?.let(raw::endpointOf) ?: raw.endpoint

    /** False once it has been closed. */
    public val isOpen: Boolean get() = !closed.get()

    /** Bytes received so far. */
    public val bytesRead: Long get() = received.get()

    /** Bytes that the system has taken so far. */
    public val bytesWritten: Long get() = sent.get()

    /** The socket as its transport sees it. */
    @TransportApi
    public val transport: RawDatagrams get() = raw

    /** Sends [bytes] to the peer as one datagram, as [send] from a buffer does. */
    public suspend fun send(bytes: ByteArray): Unit = send(ByteBuffer.wrap(bytes))

    /**
     * Sends what remains of [datagram] to the peer as one datagram, and returns when the system has taken it, which does not mean that it
     * arrives. It waits while the system has no room: for UDP in the socket's send buffer, for a Unix socket in the peer's queue.
     *
     * Cancelling it while it waits sends nothing. Any coroutine may call it; of several that wait none is sure to be the first.
     *
     * @throws DatagramTooLarge before anything is sent.
     * @throws PeerUnreachable if nobody receives there, or did not a moment ago.
     * @throws IllegalStateException if the socket has no peer.
     */
    public suspend fun send(datagram: ByteBuffer): Unit = send(datagram, peer())

    /** Sends [bytes] to [target] as one datagram, as [send] from a buffer does. */
    public suspend fun send(bytes: ByteArray, target: SocketAddress): Unit = send(ByteBuffer.wrap(bytes), target)

    /** Sends what remains of [datagram] to [target]. Not every socket with a peer can send to others. */
    public suspend fun send(datagram: ByteBuffer, target: SocketAddress): Unit = send(datagram, target, raw::send)

    /** As [send], by [attempt], which does what [RawDatagrams.send] does, and more. */
    @TransportApi
    public suspend fun send(datagram: ByteBuffer, target: SocketAddress, attempt: (ByteBuffer, SocketAddress) -> Boolean) {
        send(datagram, target, attempt, patience = Duration.INFINITE)
    }

    /** As [send], and returns false if it was not taken within [patience]. */
    internal suspend fun send(
        datagram: ByteBuffer,
        target: SocketAddress,
        attempt: (ByteBuffer, SocketAddress) -> Boolean,
        patience: Duration,
    ): Boolean {
        val size = datagram.remaining()
        ensureSendable(size, target)
        try {
            if (loop.spent()) yield()
            if (!attempt(datagram, target) && !isTaken(patience, target) { attempt(datagram, target) }) return false
        } catch (e: IOException) {
            throw failed(e, target)
        }
        sent(size, target)
        return true
    }

    private suspend fun isTaken(patience: Duration, target: SocketAddress, attempt: () -> Boolean): Boolean {
        val start = TimeSource.Monotonic.markNow()
        var attempts = 0
        while (true) {
            attempts++
            withTimeoutOrNull(patience - start.elapsedNow()) { raw.awaitSendable(target, attempts) } ?: return false
            ensureOpen()
            // Not within the timeout: what has been sent must not be taken for cancelled.
            if (attempt()) return true
        }
    }

    /** Sends each of [datagrams] to the peer, one after another, and returns how many there were. Fails with the first that fails. */
    public suspend fun sendAll(datagrams: Iterable<ByteArray>): Int = sendAll(datagrams.asFlow())

    /** Sends each of [datagrams] to the peer as it comes, and returns how many there were. Fails with the first that fails. */
    public suspend fun sendAll(datagrams: Flow<ByteArray>): Int {
        var count = 0
        datagrams.collect {
            send(it)
            count++
        }
        return count
    }

    /**
     * Sends [bytes] to the peer if the system takes them at once, and tells whether it has. Never waits. Any thread.
     *
     * @throws DatagramTooLarge as [send] does, like the other failures.
     */
    public fun trySend(bytes: ByteArray): Boolean = trySend(bytes, peer())

    /** Sends [bytes] to [target] if the system takes them at once, and tells whether it has. Never waits. Any thread. */
    public fun trySend(bytes: ByteArray, target: SocketAddress): Boolean {
        ensureSendable(bytes.size, target)
        val taken = try {
            raw.send(ByteBuffer.wrap(bytes), target)
        } catch (e: IOException) {
            throw failed(e, target)
        }
        if (taken) sent(bytes.size, target)
        return taken
    }

    /**
     * Waits for the next datagram and returns it. Cancelling it loses nothing: what comes is there for the next call.
     *
     * @throws PeerUnreachable if the peer's host has said that nobody receives there.
     * @throws IllegalStateException if another coroutine is receiving.
     */
    public suspend fun receive(): Datagram = next { it.toDatagram() }

    /**
     * Waits for the next datagram, puts as much of it into [target] as there is room for, and tells whether that was all. Cancelling it
     * loses nothing. Into a direct buffer with room for a byte more than [DatagramOptions.maxDatagramSize] it comes without a copy.
     *
     * @throws PeerUnreachable if the peer's host has said that nobody receives there.
     * @throws IllegalStateException if another coroutine is receiving.
     */
    public suspend fun receive(target: ByteBuffer): Receipt {
        require(!target.isReadOnly) { "a read-only buffer: $target" }
        // Where there is room for all that can come it comes there without a copy.
        val room = if (target.isDirect && target.remaining() >= scratchSize) target.slice() else null
        return next(room) { arrived ->
            val size = arrived.size
            val length = minOf(target.remaining(), size)
            if (room == null) arrived.moveTo(target, length) else target.position(target.position() + length)
            Receipt(arrived.sender, length, arrived.isCut || length < size, arrived.attributes)
        }
    }

    /** Returns the next datagram if it has come already, else null. Never waits. */
    public fun tryReceive(): Datagram? {
        claim()
        try {
            ensureReceiving()
            return now { it.toDatagram() }
        } finally {
            receiving.set(false)
        }
    }

    /**
     * Waits for a datagram, and returns it with those that have come behind it, [max] at most. Cancelling it loses nothing. A failure behind
     * the first one is that of the next call.
     */
    public suspend fun receiveAll(max: Int): List<Datagram> {
        require(max >= 1) { "max < 1: $max" }
        claim()
        try {
            val datagrams = mutableListOf(await { it.toDatagram() })
            try {
                while (datagrams.size < max) datagrams += now { it.toDatagram() } ?: break
            } catch (e: IOException) {
                pending = e
            }
            return datagrams
        } finally {
            receiving.set(false)
        }
    }

    /**
     * The datagrams as they come. Cold: each collector receives for itself, one at a time. It ends when the socket is closed, and fails
     * with [PeerUnreachable] as [receive] does; who collects again goes on where that was.
     */
    public val incoming: Flow<Datagram> = flow {
        while (true) {
            val datagram = try {
                receive()
            } catch (_: SocketClosed) {
                break
            }
            emit(datagram)
        }
    }

    /**
     * Answers [received] with [bytes], as [send] does.
     *
     * @throws ReplyImpossible if it came from a socket without an address.
     */
    public suspend fun reply(received: Datagram, bytes: ByteArray): Unit =
        send(bytes, received.sender ?: throw ReplyImpossible(raw.endpoint))

    /** Closes it. Returns at once, from any thread; idempotent. Pending calls fail with [SocketClosed]. */
    override fun close() {
        if (!closed.compareAndSet(false, true)) return
        raw.close()
        publish { DatagramEvent.Closed(id, local) }
        announced.complete()
    }

    /** Suspends until it has been closed and its address can be bound again. */
    public suspend fun awaitClosed(): Unit = dispatched {
        raw.awaitClosed()
        announced.join()
    }

    override fun toString(): String = "socket at ${raw.endpoint}"

    /** Has [receive] look whether it should go on. */
    internal fun wakeReceiver(): Unit = raw.wakeReader()

    /** Waits until [tryReceive] is worth a call, or for nothing. */
    internal suspend fun awaitReceivable() {
        try {
            raw.awaitReadable()
        } catch (e: IOException) {
            throw failed(e, remote)
        }
    }

    private inline fun publish(event: () -> DatagramEvent) {
        events?.publish(event)
    }

    private fun peer(): SocketAddress = checkNotNull(raw.remote) { "$this has no peer: say whom to send to" }

    private fun ensureOpen() {
        if (closed.get()) throw SocketClosed(raw.endpoint)
    }

    private fun ensureReceiving() {
        ensureOpen()
        pending?.let {
            pending = null
            throw it
        }
    }

    private fun ensureSendable(size: Int, target: SocketAddress) {
        ensureOpen()
        val limit = raw.limitTo(target)
        if (size > limit) throw failed(DatagramTooLarge(raw.endpointOf(target), size, limit), target)
    }

    private fun sent(size: Int, target: SocketAddress) {
        sent.addAndGet(size.toLong())
        publish { DatagramEvent.Sent(id, local, target, size) }
    }

    private fun claim() = check(receiving.compareAndSet(false, true)) { "two coroutines receive from $endpoint at the same time" }

    private suspend fun <T : Any> next(room: ByteBuffer? = null, convert: (Arrived) -> T): T {
        claim()
        try {
            return await(room, convert)
        } finally {
            receiving.set(false)
        }
    }

    private suspend fun <T : Any> await(room: ByteBuffer? = null, convert: (Arrived) -> T): T {
        while (true) {
            if (loop.spent()) yield()
            ensureReceiving()
            now(room, convert)?.let { return it }
            awaitReceivable()
        }
    }

    /** Receives into [room] if that is not null. */
    private inline fun <T : Any> now(room: ByteBuffer? = null, convert: (Arrived) -> T): T? {
        val scratch = room ?: takeScratch()
        try {
            var sender: SocketAddress
            while (true) {
                scratch.clear().limit(scratchSize)
                sender = raw.receive(scratch) ?: return null
                if (isHeard(sender)) break
                raw.attributes.discard()
            }
            scratch.flip()
            val isCut = scratch.limit() > maxDatagramSize
            val arrived = Arrived(scratch, sender.takeIf { it !== RawDatagrams.Unnamed }, isCut, raw.attributes)
            if (arrived.isCut) scratch.limit(maxDatagramSize)
            received.addAndGet(arrived.size.toLong())
            publish { DatagramEvent.Received(id, local, arrived.sender, arrived.size) }
            return convert(arrived)
        } catch (e: IOException) {
            throw failed(e, remote)
        } finally {
            if (room == null) giveScratch(scratch)
        }
    }

    private fun isHeard(sender: SocketAddress): Boolean = admission === Admission.everyone || admission.admits(Candidate(local, sender))

    private fun takeScratch(): ByteBuffer = when {
        loop.buffers.size >= scratchSize -> loop.buffers.take()
        else -> (ownScratch ?: ByteBuffer.allocateDirect(scratchSize).also { ownScratch = it }).clear()
    }

    private fun giveScratch(buffer: ByteBuffer) {
        if (buffer !== ownScratch) loop.buffers.give(buffer)
    }

    /** What a call that met [e] fails with. */
    private fun failed(e: IOException, peer: SocketAddress?): IOException {
        if (e is ClosedChannelException) return SocketClosed(raw.endpoint)
        val failure = e as? SocketFailure ?: DatagramFailed(peer?.let(raw::endpointOf) ?: raw.endpoint, e)
        publish { DatagramEvent.Failed(id, local, peer, failure) }
        return failure
    }

    /** A datagram in a [buffer] that is only lent. */
    private class Arrived(
        private val buffer: ByteBuffer,
        val sender: SocketAddress?,
        val isCut: Boolean,
        val attributes: Attributes,
    ) {
        val size: Int get() = buffer.remaining()

        fun toDatagram() = Datagram(ByteArray(buffer.remaining()).also(buffer::get), sender, isCut, attributes)

        fun moveTo(target: ByteBuffer, length: Int) {
            buffer.limit(buffer.position() + length)
            target.put(buffer)
        }
    }
}
