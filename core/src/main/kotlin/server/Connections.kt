package io.hawser.server

import io.hawser.CloseReason
import io.hawser.Connection
import io.hawser.ShutdownReport
import io.hawser.transport.RawStream
import io.hawser.transport.TransportApi
import java.util.concurrent.ConcurrentHashMap
import java.util.concurrent.atomic.AtomicInteger
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.flow.asStateFlow
import kotlinx.coroutines.flow.update

/** The connections of a server: how many there are, which, and how they end once it stops. */
@OptIn(TransportApi::class)
internal class Connections {
    private val sockets = MutableStateFlow(0)
    private val accepted = ConcurrentHashMap.newKeySet<RawStream>()
    private val open = ConcurrentHashMap<Long, Connection>()
    private val drained = AtomicInteger()
    private val cut = AtomicInteger()

    private enum class Phase { SERVING, DRAINING, CUTTING }

    @Volatile
    private var phase = Phase.SERVING

    /** Sockets accepted and not yet closed, those still in their layers' handshake too. */
    val count: StateFlow<Int> = sockets.asStateFlow()

    val all: Collection<Connection> get() = open.values

    val report: ShutdownReport get() = ShutdownReport(drained.get(), cut.get())

    fun accepted(stream: RawStream) {
        accepted.add(stream)
        // Whoever cuts looks through the sets after setting the phase: one of us sees the other.
        if (phase == Phase.CUTTING) stream.close()
        sockets.update { it + 1 }
    }

    fun opened(connection: Connection) {
        open[connection.id] = connection
        if (phase == Phase.CUTTING) connection.end(CloseReason.Local)
    }

    fun closing(connection: Connection) {
        open.remove(connection.id)
    }

    /** The socket is closed and its descriptor free. Publishes, so it is the last thing done for a connection. */
    fun closed(stream: RawStream) {
        accepted.remove(stream)
        when (phase) {
            Phase.SERVING -> Unit
            Phase.DRAINING -> drained.incrementAndGet()
            Phase.CUTTING -> cut.incrementAndGet()
        }
        sockets.update { it - 1 }
    }

    @Synchronized
    fun drain() {
        if (phase == Phase.SERVING) phase = Phase.DRAINING
    }

    /** Closes them all: those too whose handler does not listen to its cancellation, has not begun, or whose layers still shake hands. */
    @Synchronized
    fun cut() {
        phase = Phase.CUTTING
        open.values.forEach { it.end(CloseReason.Local) }
        accepted.forEach(RawStream::close)
    }
}
