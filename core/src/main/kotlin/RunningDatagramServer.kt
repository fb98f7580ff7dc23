package io.hawser

import io.hawser.event.DatagramEvent
import io.hawser.event.DropReason
import io.hawser.server.DatagramDoorkeeper
import io.hawser.server.DatagramQueue
import io.hawser.server.LiveOptions
import io.hawser.server.Rate
import io.hawser.server.Trouble
import io.hawser.server.Workers
import io.hawser.transport.RawDatagrams
import io.hawser.transport.TransportApi
import java.io.IOException
import java.net.SocketAddress
import java.nio.ByteBuffer
import java.util.concurrent.atomic.AtomicInteger
import java.util.concurrent.atomic.AtomicLong
import kotlin.time.Duration
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds
import kotlin.time.toJavaDuration
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.currentCoroutineContext
import kotlinx.coroutines.ensureActive
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.flow.asStateFlow
import kotlinx.coroutines.isActive
import kotlinx.coroutines.withTimeoutOrNull
import kotlinx.coroutines.yield
import org.slf4j.LoggerFactory

/**
 * A server of datagrams that listens, or did. [stopAccepting] and [shutdown] leave what has come to the handlers, whose replies still
 * leave; [close] drops it. Its [ShutdownReport] counts datagrams.
 */
@OptIn(TransportApi::class)
public class RunningDatagramServer internal constructor(
    private val raw: RawDatagrams,
    options: DatagramServerOptions,
    private val handler: suspend DatagramExchange.(Datagram) -> Unit,
) : ServerHandle(raw.loop, raw.local, raw.endpoint, options.listeners) {
    private val socket = DatagramSocket(raw, options.maxDatagramSize, published, admission = Admission.everyone)
    private val live = LiveOptions(options, DatagramServerOptions::startOnly)
    private val doorkeeper = DatagramDoorkeeper(live, raw.admission, address, options.maxDatagramSize)
    private val queue = DatagramQueue(live) { drop(it, DropReason.QueueFull(this.options.queueCount, this.options.queueBytes)) }

    @Volatile
    private var workers: Workers? = null

    @Volatile
    private var replyRate = Rate.of(options.replyRate)
    private val trouble = Trouble(raw.loop::nanoTime)
    private val count = MutableStateFlow(1)

    private val received = AtomicLong()
    private val handled = AtomicLong()
    private val failed = AtomicLong()
    private val dropped = AtomicLong()
    private val drained = AtomicInteger()
    private val cut = AtomicInteger()

    @Volatile
    private var isDraining = false

    @Volatile
    private var isCut = false

    /** 1 while it runs, 0 once its handlers have ended and its socket is closed. */
    override val connectionCount: StateFlow<Int> = count.asStateFlow()

    /** What it has done so far. */
    public val totals: DatagramTotals
        get() = DatagramTotals(
            received.get(),
            handled.get(),
            failed.get(),
            dropped.get(),
            socket.bytesRead,
            socket.bytesWritten,
            published.dropped,
        )

    /** The options it was given last, by its start or by [reload]. */
    public val options: DatagramServerOptions get() = live.now

    /**
     * Goes by [options] from now on, all of them and not only those that are others. What waits already keeps its place in the queue, and
     * handlers that run go on, though there may be fewer of them now.
     *
     * Returns the names of those that are not as at the start and count from the next one on: `maxDatagramSize`, `socket`, `group` and
     * `listeners`. Any thread.
     */
    @Synchronized
    public fun reload(options: DatagramServerOptions): List<String> {
        val later = live.replaceBy(options)
        if (options.replyRate != (replyRate?.perSecond ?: Int.MAX_VALUE)) replyRate = Rate.of(options.replyRate)
        workers?.wakeAll()
        return later
    }

    /** The socket as its transport sees it. */
    @TransportApi
    public val transport: RawDatagrams get() = raw

    /** Sends [bytes] to [target] as one datagram, as [DatagramSocket.send] does. */
    public suspend fun send(bytes: ByteArray, target: SocketAddress): Unit = socket.send(bytes, target)

    override val report: ShutdownReport get() = ShutdownReport(drained.get(), cut.get())

    override fun problems(): List<HealthProblem> = listOfNotNull(
        if (queue.isFull) HealthProblem.QueueFull(queue.size) else null,
        trouble.now(HealthProblem::ReceiveFailing),
    )

    override suspend fun CoroutineScope.serve() {
        val workers = Workers(this, raw.loop, live, queue, ::work).also { workers = it }
        var pause = FIRST_PAUSE
        while (stopping.isActive) {
            try {
                if (raw.loop.spent()) yield()
                val datagram = socket.tryReceive()
                if (datagram != null) {
                    pause = FIRST_PAUSE
                    trouble.over()
                    arrived(datagram, workers)
                } else {
                    socket.awaitReceivable()
                }
            } catch (e: IOException) {
                if (!stopping.isActive) continue
                if (e is EventLoopClosed || e is SocketClosed) throw e
                if (e is PeerUnreachable) continue
                trouble.failed(e)
                // What fails at once, and again at once, must not spin.
                withTimeoutOrNull(pause) { stopping.join() }
                pause = minOf(pause * 2, LONGEST_PAUSE)
            }
        }
    }

    override fun stopListening(): Unit = socket.wakeReceiver()

    override fun cut() {
        isCut = true
        dropQueued()
        socket.close()
    }

    @Synchronized
    override fun beginDraining(): Boolean = !isDraining.also { isDraining = true }

    override fun endInput() = Unit

    override suspend fun awaitFree() {
        // The loop may have put one in since it was emptied.
        dropQueued()
        socket.close()
        socket.awaitClosed()
        count.value = 0
    }

    private fun dropQueued() {
        while (true) {
            val datagram = queue.poll() ?: return
            cut.incrementAndGet()
            drop(datagram, DropReason.ServerClosed)
        }
    }

    internal suspend fun reply(
        datagram: Datagram,
        bytes: ByteArray,
        attempt: (ByteBuffer, SocketAddress) -> Boolean = raw::send,
    ): Boolean {
        val sender = datagram.sender ?: throw ReplyImpossible(endpoint)
        val rate = replyRate
        if (rate != null && synchronized(rate) { !rate.takeIfThere(System.nanoTime()) }) {
            dropped(sender, bytes.size, DropReason.TooManyReplies(rate.perSecond))
            return false
        }
        val patience = options.replyTimeout
        if (socket.send(ByteBuffer.wrap(bytes), sender, attempt, patience)) return true
        dropped(sender, bytes.size, DropReason.NoRoom(patience.toJavaDuration()))
        return false
    }

    private fun arrived(datagram: Datagram, workers: Workers) {
        val reason = doorkeeper.reasonToDrop(datagram)
        when {
            reason != null -> drop(datagram, reason)
            queue.offer(datagram) -> workers.wake()
        }
        // Whoever sees it counted finds what has become of it counted too.
        received.incrementAndGet()
    }

    private suspend fun work(datagram: Datagram) {
        try {
            coroutineScope { DatagramExchange(this@RunningDatagramServer, datagram, this).handler(datagram) }
        } catch (e: Throwable) {
            // Our own end is no failure; a CancellationException that the handler made up is.
            val goesOn = currentCoroutineContext().isActive
            if (!goesOn || (isCut && e is SocketClosed)) {
                cut.incrementAndGet()
                // What a handler throws when it is cancelled concerns nobody any more.
                currentCoroutineContext().ensureActive()
                return
            }
            failed(datagram, e)
        } finally {
            datagram.attributes.discard()
        }
        handled.incrementAndGet()
        if (isCut) {
            cut.incrementAndGet()
        } else if (isDraining) {
            drained.incrementAndGet()
        }
    }

    private fun failed(datagram: Datagram, cause: Throwable) {
        failed.incrementAndGet()
        // What the network does is daily business; what else a handler throws is somebody's mistake, unless somebody is looking.
        if (cause is SocketFailure || published.isObserved) {
            log.debug("the handler of a datagram of {} failed", datagram, cause)
        } else {
            log.warn("the handler of a datagram of {} failed, and nobody collects the server's events", datagram, cause)
        }
        published.publish { DatagramEvent.Failed(socket.id, address, datagram.sender, cause) }
    }

    private fun drop(datagram: Datagram, reason: DropReason) {
        datagram.attributes.discard()
        dropped(datagram.sender, datagram.bytes.size, reason)
    }

    private fun dropped(peer: SocketAddress?, bytes: Int, reason: DropReason) {
        dropped.incrementAndGet()
        published.publish { DatagramEvent.Dropped(socket.id, address, peer, bytes, reason) }
    }

    private companion object {
        val FIRST_PAUSE: Duration = 5.milliseconds
        val LONGEST_PAUSE: Duration = 1.seconds

        val log = LoggerFactory.getLogger(RunningDatagramServer::class.java)
    }
}
