package io.hawser.server

import io.hawser.CloseReason
import io.hawser.Connection
import io.hawser.ServerOptions
import io.hawser.ServerTotals
import io.hawser.ShutdownReport
import io.hawser.event.Refusal
import io.hawser.transport.RawStream
import io.hawser.transport.TransportApi
import java.net.InetAddress
import java.net.InetSocketAddress
import java.util.concurrent.ConcurrentHashMap
import java.util.concurrent.atomic.AtomicInteger
import java.util.concurrent.atomic.AtomicLong
import kotlin.time.Duration
import kotlin.time.toJavaDuration
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.flow.asStateFlow

/** The connections of a server: how many there are and were, which, and how they end once it stops. */
@OptIn(TransportApi::class)
internal class Connections {
    private val sockets = AtomicInteger()
    private val published = MutableStateFlow(0)

    /** Those whose layers still shake hands; after that they are closed through those. */
    private val shaking = ConcurrentHashMap.newKeySet<RawStream>()
    private val hosts = ConcurrentHashMap<InetAddress, Int>()
    private val open = ConcurrentHashMap.newKeySet<Connection>()
    val classes = Classes()
    private val drained = AtomicInteger()
    private val cut = AtomicInteger()

    private val acceptedEver = AtomicLong()
    private val refused = ConcurrentHashMap<Class<out Refusal>, AtomicLong>()

    /** What the connections moved that are not in [open] any more. Guarded by the monitor, with the moves out of [open]. */
    private var bytesRead = 0L
    private var bytesWritten = 0L
    private var throttled = 0L
    private var throttledTime = Duration.ZERO

    private enum class Phase { SERVING, DRAINING, CUTTING }

    @Volatile
    private var phase = Phase.SERVING

    /** Whoever opens looks at it when he is in [open]; whoever sets it looks through [open] after that. */
    @Volatile
    private var endsInput = false

    /** Sockets accepted and not yet closed, those still in their layers' handshake too. */
    val count: StateFlow<Int> = published.asStateFlow()

    /** What [count] is going to say. */
    val now: Int get() = sockets.get()

    /** Has an element when a connection has been closed, or a limit may have risen, since the last one was taken. */
    val changed: Channel<Unit> = Channel(Channel.CONFLATED)

    val all: Collection<Connection> get() = open

    /** Whether [cut] has begun: what its connections meet from then on is our own end. */
    val isCut: Boolean get() = phase == Phase.CUTTING

    val report: ShutdownReport get() = ShutdownReport(drained.get(), cut.get())

    @Synchronized
    fun totals(droppedEvents: Long, options: ServerOptions): ServerTotals = ServerTotals(
        accepted = acceptedEver.get(),
        refused = refused.values.sumOf(AtomicLong::get),
        bytesRead = bytesRead + open.sumOf(Connection::bytesRead),
        bytesWritten = bytesWritten + open.sumOf(Connection::bytesWritten),
        droppedEvents = droppedEvents,
        refusedFor = refused.mapValues { it.value.get() },
        classes = classes.totals(options.admissionClasses),
        throttled = throttled + open.count(Connection::wasThrottled),
        throttledTime = open.fold(throttledTime) { sum, connection -> sum + connection.throttledTime }.toJavaDuration(),
    )

    /** How many there are of the [network] of [host]. */
    fun countFrom(host: InetAddress): Int = hosts[host.network] ?: 0

    /** Counts [stream] in. [publish] follows, when whoever looks at the count may run on in our place. */
    fun accepted(stream: RawStream) {
        sockets.incrementAndGet()
        acceptedEver.incrementAndGet()
        stream.network()?.let { hosts.merge(it, 1, Int::plus) }
        shaking.add(stream)
        // Whoever cuts looks through the sets after setting the phase: one of us sees the other.
        if (isCut) stream.close()
    }

    fun refused(reason: Refusal) {
        refused.computeIfAbsent(reason::class.java) { AtomicLong() }.incrementAndGet()
    }

    /** [connection] is what the layers have made of [stream]. */
    fun opened(connection: Connection, stream: RawStream) {
        open.add(connection)
        shaking.remove(stream)
        when (phase) {
            Phase.SERVING -> Unit
            Phase.DRAINING -> if (endsInput) connection.endInput()
            Phase.CUTTING -> connection.end(CloseReason.Local)
        }
    }

    @Synchronized
    fun closing(connection: Connection) {
        if (!open.remove(connection)) return
        bytesRead += connection.bytesRead
        bytesWritten += connection.bytesWritten
        if (connection.wasThrottled) throttled++
        throttledTime += connection.throttledTime
    }

    /** The socket is closed and its descriptor free. Publishes, so it is the last thing done for a connection. */
    fun closed(stream: RawStream) {
        shaking.remove(stream)
        // Before the place is free: it may be one that is kept for the class.
        classes.gone(stream)
        stream.network()?.let { hosts.computeIfPresent(it) { _, count -> (count - 1).takeIf { left -> left > 0 } } }
        when (phase) {
            Phase.SERVING -> Unit
            Phase.DRAINING -> drained.incrementAndGet()
            Phase.CUTTING -> cut.incrementAndGet()
        }
        sockets.decrementAndGet()
        changed.trySend(Unit)
        publish()
    }

    /** Brings [count] up to date. Of several at once each looks again after it has published, and so the last one does. */
    fun publish() {
        do published.value = sockets.get() while (published.value != sockets.get())
    }

    /** Whether it begins now. [endInput] follows, when all who look can see that it drains. */
    @Synchronized
    fun drain(): Boolean {
        if (phase != Phase.SERVING) return false
        phase = Phase.DRAINING
        return true
    }

    fun endInput() {
        endsInput = true
        open.forEach(Connection::endInput)
    }

    /** Closes them all: those too whose handler does not listen to its cancellation, has not begun, or whose layers still shake hands. */
    fun cut() {
        synchronized(this) { phase = Phase.CUTTING }
        open.forEach { it.end(CloseReason.Local) }
        shaking.forEach(RawStream::close)
    }

    private fun RawStream.network(): InetAddress? = (remote as? InetSocketAddress)?.address?.network
}
