package io.hawser

import java.util.concurrent.atomic.AtomicLong
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
    private val queue = Channel<ByteArray>(Channel.UNLIMITED)

    /** Guarded by the monitor. */
    private var waiting = 0
    private var waitingBytes = 0L
    private val lost = AtomicLong()
    private val left = AtomicLong()
    private lateinit var sender: Job

    /** Datagrams that wait. */
    public val size: Int @Synchronized get() = waiting

    /** Datagrams that the system has taken. */
    public val sent: Long get() = left.get()

    /** Datagrams that there was no room for, or that could not be sent, which is an event of the socket's client. */
    public val dropped: Long get() = lost.get()

    /**
     * Takes [bytes] to send them to the socket's peer as soon as it can, and tells whether there was room for them; with
     * [WhenQueueFull.DropOldest] there always is. Never waits. Any thread.
     *
     * @throws SocketClosed after [close].
     */
    public fun offer(bytes: ByteArray): Boolean {
        while (!reserve(bytes.size)) {
            // The sender may have been quicker, and then there is room.
            val oldest = if (whenFull == WhenQueueFull.DropOldest) queue.tryReceive().getOrNull() else bytes
            if (oldest === bytes) {
                lost.incrementAndGet()
                return false
            }
            if (oldest != null) {
                release(oldest)
                lost.incrementAndGet()
            }
        }
        if (queue.trySend(bytes).isSuccess) return true
        release(bytes)
        throw SocketClosed(socket.endpoint)
    }

    /** Takes nothing more; what waits still leaves. Returns at once; idempotent. [awaitSent] waits until it has left. */
    override fun close() {
        queue.close()
    }

    /** After [close]: suspends until everything that waited has left or was dropped, or the scope has ended. */
    public suspend fun awaitSent(): Unit = sender.join()

    internal fun launchIn(scope: CoroutineScope) {
        sender = scope.launch(CoroutineName("outbox of $socket")) {
            try {
                for (bytes in queue) {
                    release(bytes)
                    send(bytes)
                }
            } finally {
                queue.close()
            }
        }
    }

    private suspend fun send(bytes: ByteArray) {
        try {
            socket.send(bytes)
            left.incrementAndGet()
        } catch (e: SocketClosed) {
            lost.incrementAndGet()
            queue.close()
        } catch (_: SocketFailure) {
            // It cost this datagram, and was published.
            lost.incrementAndGet()
        }
    }

    /** One datagram always has a place. */
    @Synchronized
    private fun reserve(size: Int): Boolean {
        if (waiting > 0 && (waiting == capacity || waitingBytes + size > maxBytes)) return false
        waiting++
        waitingBytes += size
        return true
    }

    @Synchronized
    private fun release(bytes: ByteArray) {
        waiting--
        waitingBytes -= bytes.size
    }
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
