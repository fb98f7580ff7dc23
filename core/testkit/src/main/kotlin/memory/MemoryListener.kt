@file:OptIn(TransportApi::class)

package io.hawser.testkit.memory

import io.hawser.Endpoint
import io.hawser.testkit.MemoryAddress
import io.hawser.testkit.memory.MemoryStream.Companion.endpoint
import io.hawser.transport.Listener
import io.hawser.transport.Loop
import io.hawser.transport.RawStream
import io.hawser.transport.TransportApi
import java.nio.channels.ClosedChannelException
import kotlinx.coroutines.Job
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.flow.update
import kotlinx.coroutines.yield

/** Who listens on [address], with up to [backlog] connections that nobody has accepted yet. [free] gives the name back. */
internal class MemoryListener(
    override val loop: Loop,
    override val address: MemoryAddress,
    private val backlog: Int,
    /** Where the next accepted stream lives. */
    val nextLoop: () -> Loop,
    private val free: (MemoryListener) -> Unit,
) : Listener {
    override val endpoint: Endpoint = address.endpoint

    /** Guarded by itself, like [isClosed]. */
    private val pending = ArrayDeque<MemoryStream>()
    private var isClosed = false

    private val untilArrival = Waiting("a client of $endpoint")

    /** Changes whenever there may be room in the backlog, or never again. */
    private val changes = MutableStateFlow(0L)
    private val closed = Job()

    override suspend fun accept(): RawStream {
        while (true) {
            if (loop.spent()) yield()
            val accepted = synchronized(pending) {
                if (isClosed) throw ClosedChannelException()
                pending.removeFirstOrNull()
            }
            if (accepted != null) {
                changes.update { it + 1 }
                return accepted
            }
            untilArrival.until { synchronized(pending) { isClosed || pending.isNotEmpty() } }
        }
    }

    /**
     * Puts [stream] into the backlog, waiting while that is full as the kernel has clients wait.
     *
     * @throws ClosedChannelException if the listener is, or becomes, closed.
     */
    suspend fun admit(stream: MemoryStream) {
        while (true) {
            val seen = changes.value
            val admitted = synchronized(pending) {
                if (isClosed) throw ClosedChannelException()
                (pending.size < backlog).also { if (it) pending.addLast(stream) }
            }
            if (admitted) return untilArrival.wake()
            changes.first { it != seen }
        }
    }

    override fun close() {
        val refused = synchronized(pending) {
            if (isClosed) return
            isClosed = true
            pending.toList().also { pending.clear() }
        }
        free(this)
        refused.forEach(MemoryStream::abort)
        untilArrival.wake()
        changes.update { it + 1 }
        closed.complete()
    }

    override suspend fun awaitClosed(): Unit = closed.join()

    override fun toString(): String = endpoint.toString()
}
