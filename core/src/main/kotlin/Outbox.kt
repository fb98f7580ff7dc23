package io.hawser

import java.util.concurrent.atomic.AtomicLong
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CoroutineName
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Job
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.launch

/**
 * A bounded queue before a socket, for who must not wait: a burst is taken at once and leaves as fast as the system takes it. Made by
 * [DatagramSocket.outbox]; it ends with its scope, or with [close].
 */
public class Outbox internal constructor(
    private val socket: DatagramSocket,
    private val capacity: Int,
    private val maxBytes: Int,
    private val whenFull: WhenQueueFull,
) : AutoCloseable {
    /** Guarded by the monitor, like what follows. */
    private val waiting = ArrayDeque<ByteArray>()
    private var waitingBytes = 0L
    private var isClosed = false

    /** Has an element when there may be something to do. */
    private val changed = Channel<Unit>(Channel.CONFLATED)
    private val lost = AtomicLong()
    private val left = AtomicLong()
    private lateinit var sender: Job

    /** Datagrams that wait. */
    public val size: Int @Synchronized get() = waiting.size

    /** Datagrams that the system has taken. */
    public val sent: Long get() = left.get()

    /** Datagrams that there was no room for, that could not be sent, which is an event of the socket's client, or that its scope's end met. */
    public val dropped: Long get() = lost.get()

    /**
     * Takes [bytes] to send them to the socket's peer as soon as it can, and tells whether there was room for them; with
     * [WhenQueueFull.DropOldest] there always is. Never waits. Any thread.
     *
     * @throws SocketClosed after [close], or once its scope has ended.
     */
    public fun offer(bytes: ByteArray): Boolean {
        synchronized(this) {
            if (isClosed) throw SocketClosed(socket.endpoint)
            while (!hasRoomFor(bytes)) {
                lost.incrementAndGet()
                if (whenFull == WhenQueueFull.DropNewest) return false
                waitingBytes -= waiting.removeFirst().size
            }
            waiting.addLast(bytes)
            waitingBytes += bytes.size
        }
        changed.trySend(Unit)
        return true
    }

    /** Takes nothing more; what waits still leaves. Returns at once; idempotent. [awaitSent] waits until it has left. */
    override fun close() {
        synchronized(this) { isClosed = true }
        changed.trySend(Unit)
    }

    /** After [close]: suspends until everything that waited has left or was dropped, or the scope has ended. */
    public suspend fun awaitSent(): Unit = dispatched { sender.join() }

    internal fun launchIn(scope: CoroutineScope) {
        sender = scope.launch(CoroutineName("outbox of $socket")) {
            while (true) {
                val next = poll()
                if (next != null) {
                    send(next)
                } else if (isOver()) {
                    break
                } else {
                    changed.receive()
                }
            }
        }
        sender.invokeOnCompletion { end() }
    }

    private suspend fun send(bytes: ByteArray) {
        try {
            socket.send(bytes)
            left.incrementAndGet()
        } catch (e: SocketClosed) {
            lost.incrementAndGet()
            close()
        } catch (_: SocketFailure) {
            // It cost this datagram, and was published.
            lost.incrementAndGet()
        } catch (e: CancellationException) {
            lost.incrementAndGet()
            throw e
        }
    }

    @Synchronized
    private fun poll(): ByteArray? = waiting.removeFirstOrNull()?.also { waitingBytes -= it.size }

    @Synchronized
    private fun isOver(): Boolean = isClosed && waiting.isEmpty()

    @Synchronized
    private fun end() {
        isClosed = true
        lost.addAndGet(waiting.size.toLong())
        waiting.clear()
        waitingBytes = 0
    }

    /** One datagram always has a place. */
    private fun hasRoomFor(bytes: ByteArray): Boolean =
        waiting.isEmpty() || (waiting.size < capacity && waitingBytes + bytes.size <= maxBytes)
}

/**
 * An outbox of this socket, for bursts, whose sender runs in [scope]: up to [capacity] datagrams of [maxBytes] together wait in it, and
 * [whenFull] says what happens to more.
 *
 * @throws IllegalStateException if the socket has no peer.
 */
@JvmOverloads
public fun DatagramSocket.outbox(
    scope: CoroutineScope,
    capacity: Int = 1024,
    maxBytes: Int = 8 * 1024 * 1024,
    whenFull: WhenQueueFull = WhenQueueFull.DropNewest,
): Outbox {
    requireAtLeastOne("capacity", capacity)
    requireAtLeastOne("maxBytes", maxBytes)
    checkNotNull(remote) { "$this has no peer to send bursts to" }
    return Outbox(this, capacity, maxBytes, whenFull).also { it.launchIn(scope) }
}
