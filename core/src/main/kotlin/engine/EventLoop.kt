package io.hawser.engine

import io.hawser.EventLoopClosed
import io.hawser.KotlinOnly
import io.hawser.transport.Buffers
import io.hawser.transport.Loop
import io.hawser.transport.TransportApi
import io.ktor.network.selector.SelectInterest
import io.ktor.network.selector.Selectable
import io.ktor.network.selector.SelectorManager
import java.nio.channels.ClosedChannelException
import java.nio.channels.SelectableChannel
import java.nio.channels.Selector
import java.nio.channels.spi.SelectorProvider
import java.util.concurrent.atomic.AtomicBoolean
import java.util.concurrent.atomic.AtomicLong
import kotlin.coroutines.CoroutineContext
import kotlin.time.Duration
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CoroutineDispatcher
import kotlinx.coroutines.DisposableHandle
import kotlinx.coroutines.currentCoroutineContext
import kotlinx.coroutines.ensureActive
import kotlinx.coroutines.withContext
import org.jctools.queues.atomic.MpscUnboundedAtomicArrayQueue
import org.slf4j.LoggerFactory

/**
 * One daemon thread that runs coroutines and watches channels: a [CoroutineDispatcher] and Ktor's [SelectorManager] in one.
 *
 * A turn of the loop runs the tasks that have been dispatched, selects, and resumes who waited for a channel that is ready; a
 * coroutine of the loop that waits for its own channel is resumed inline, everybody else through its dispatcher. Ktor's sockets can
 * be opened on it like on any selector manager.
 *
 * [close] and the death of the thread both fail everybody who waits for a channel with [EventLoopClosed]; coroutines dispatched
 * here afterwards are cancelled and finish on a daemon thread kept for that, so that their `finally` blocks run.
 */
@OptIn(TransportApi::class)
public class EventLoop internal constructor(
    private val name: String,
    private val options: EventLoopOptions,
    internal val group: EventLoopGroup?,
) : CoroutineDispatcher(), SelectorManager, Loop {
    override val provider: SelectorProvider = options.provider

    /** This loop as a context: what is launched in it runs here. */
    override val coroutineContext: CoroutineContext get() = this

    override val dispatcher: CoroutineDispatcher get() = this

    override val buffers: Buffers = Buffers(options.bufferSize)

    internal val selector: Selector = provider.openSelector()

    internal val selection = Selection(selector)

    private val tasks = MpscUnboundedAtomicArrayQueue<Runnable>(TASK_CHUNK)
    private val thread = LoopThread(this, ::live).apply { isDaemon = true }

    /** True from before the loop looks at [tasks] for the last time until it is awake again: who takes it back wakes the selector. */
    private val asleep = AtomicBoolean()

    @Volatile
    private var closing = false

    private val afterlife = Afterlife(name, tasks)

    /** Odd while a task runs, and different for each: what the watchdog looks at. */
    internal val progress: AtomicLong = AtomicLong()

    internal val timers: Timers = Timers(this)

    // The rest is touched by the loop's thread only.
    private val known = KnownChannels(this)
    private val ready = ReadyKeys()
    private val courtesy = Courtesy()
    private var budget = 0
    private var turnBegan = System.nanoTime()

    /** True when the calling thread is this loop's. */
    public val isCurrent: Boolean get() = Thread.currentThread() === thread

    /** False once the loop has been closed or has died. */
    public val isAlive: Boolean get() = afterlife.end == null && !closing

    internal fun start() = thread.start()

    internal fun stackTrace(): Array<StackTraceElement> = thread.stackTrace

    /** The time at which this turn began when called on the loop, which saves a look at the clock per operation. */
    override fun nanoTime(): Long = if (isCurrent) turnBegan else System.nanoTime()

    /** Counts for the loop that the caller runs on, whichever stream of whichever loop it uses. */
    override fun spent(): Boolean = current()?.spend() ?: false

    private fun spend(): Boolean {
        if (--budget >= 0) return false
        // Who cannot yield, such as an unconfined coroutine, goes on with another share.
        budget = OPERATIONS_PER_TASK
        return true
    }

    override fun dispatch(context: CoroutineContext, block: Runnable) {
        execute(block)
    }

    /** Runs [task] on the loop, or, when the loop is no more, on the fallback thread. Any thread. */
    internal fun execute(task: Runnable) {
        tasks.add(task)
        if (afterlife.end != null) {
            afterlife.handOver()
        } else if (!isCurrent && asleep.get() && asleep.compareAndSet(true, false)) {
            selector.wakeup()
        }
    }

    @KotlinOnly
    override fun schedule(after: Duration, action: Runnable): DisposableHandle = timers.schedule(after, action)

    override suspend fun select(selectable: Selectable, interest: SelectInterest) {
        afterlife.end?.let { throw it }
        if (!isCurrent) return run { select(selectable, interest) }
        readiness(selectable.channel).await(interest.flag)
    }

    /** Runs [block] on this loop. A loop that ends meanwhile is a failure, not a cancellation of the caller. */
    internal suspend fun <T> run(block: suspend () -> T): T = try {
        withContext(this) { block() }
    } catch (e: CancellationException) {
        currentCoroutineContext().ensureActive()
        throw afterlife.end ?: e
    }

    override fun notifyClosed(selectable: Selectable) {
        execute {
            (selectable.channel.keyFor(selector)?.attachment() as? Readiness)?.fail(ClosedChannelException())
        }
    }

    /** The one [Readiness] of [channel] on this loop. On the loop. */
    internal fun readiness(channel: SelectableChannel): Readiness =
        channel.keyFor(selector)?.attachment() as? Readiness
            ?: Readiness(this, channel).also { if (selection.keepsIdleKeys) it.register() }

    /** How many channels it knows, those included that were closed without a word and are not pruned yet. On the loop. */
    internal val channels: Int get() = known.size

    internal fun register(readiness: Readiness) = known.add(readiness)

    /**
     * Fails who waits for [readiness], whose channel has been closed, and runs [freed] once the selector has let go of the channel,
     * which is when the descriptor is free (JDK: a registered channel is really closed by the next selection). Any thread.
     */
    internal fun closed(readiness: Readiness, freed: Runnable) {
        readiness.fail(ClosedChannelException())
        if (isCurrent) deregister(readiness, freed) else execute { deregister(readiness, freed) }
    }

    private fun deregister(readiness: Readiness, freed: Runnable) {
        if (isCurrent) known.remove(readiness, freed) else freed.run()
    }

    /** Ends the loop after the turn that runs now. Returns at once, from any thread; idempotent. */
    override fun close() {
        closing = true
        selector.wakeup()
    }

    override fun toString(): String = name

    private fun live() {
        var cause: Throwable? = null
        try {
            while (!closing) {
                runTasks()
                select()
                // First what has come: a loop that was held up must not take it for silence.
                val fired = ready.fire()
                timers.runDue(turnBegan)
                if (fired) courtesy.yield(System.nanoTime())
            }
        } catch (e: Throwable) {
            cause = e
            log.error("event loop {} died", name, e)
        }
        die(cause)
    }

    private fun runTasks() {
        repeat(TASKS_PER_TURN) {
            val task = tasks.poll() ?: return
            runTask { task.run() }
        }
    }

    /** Runs one stretch of a coroutine or an action, with a fresh budget; leaves neither an exception nor an interrupt behind. */
    internal inline fun runTask(task: () -> Unit) {
        budget = OPERATIONS_PER_TASK
        val started = progress.get() + 1
        progress.lazySet(started)
        try {
            task()
        } catch (e: Throwable) {
            unexpected(e)
        }
        progress.lazySet(started + 1)
        // An interrupted thread selects without waiting for ever after, and some channels close when they meet the flag.
        Thread.interrupted()
    }

    internal fun unexpected(e: Throwable) {
        log.error("a task of event loop {} failed", name, e)
    }

    internal fun unexpectedOnClose(e: Exception) {
        log.debug("closing a socket of {}", name, e)
    }

    private fun select() {
        when {
            closing -> return
            !tasks.isEmpty || known.isLeaving -> selection.now(ready)
            !spin() -> sleep()
        }
        turnBegan = System.nanoTime()
        known.selected()
    }

    /**
     * Polls for a while before sleeping, because waking a thread costs more than the wait for an answer that is near; not on a core
     * that others have more use for.
     */
    private fun spin(): Boolean {
        val limit = options.spinNanos
        if (limit == 0L) return false
        val start = System.nanoTime()
        var now = start
        do {
            selection.now(ready)
            if (!ready.isEmpty || !tasks.isEmpty || closing) return true
            if (!courtesy.isCheap(now)) return false
            courtesy.yield(now)
            now = System.nanoTime()
        } while (now - start < limit)
        return false
    }

    private fun sleep() {
        val timer = timers.next()
        val millis = if (timer == null) 0 else (timer.due - System.nanoTime() + NANOS_PER_MILLI - 1) / NANOS_PER_MILLI
        if (timer != null && millis <= 0) {
            selection.now(ready)
            return
        }
        asleep.set(true)
        if (tasks.isEmpty && !closing) selection.await(ready, millis) else selection.now(ready)
        asleep.set(false)
        Thread.interrupted()
    }

    private fun die(cause: Throwable?) {
        val closed = EventLoopClosed(name, cause)
        // First of all, so that what others close from now on is free at once: they do not wait for this thread.
        runTask { selector.close() }
        afterlife.begin(closed)
        known.failAll(closed)
        known.end()
        afterlife.handOver()
        // Last, because who is cancelled by that may set another.
        timers.end()
    }

    private class LoopThread(val loop: EventLoop, live: Runnable) : Thread(live, loop.name)

    public companion object {
        /** The loop whose thread calls this, or null: nobody may wait on such a thread, because all of the loop's connections would. */
        @JvmStatic
        public fun current(): EventLoop? = (Thread.currentThread() as? LoopThread)?.loop

        /** Tasks between two selections, so that coroutines that keep each other busy do not starve the sockets. */
        private const val TASKS_PER_TURN = 64

        /** Operations that a coroutine may do without waiting before it lets others run. */
        internal const val OPERATIONS_PER_TASK: Int = 64

        private const val TASK_CHUNK = 256
        private const val NANOS_PER_MILLI = 1_000_000L
        private val log = LoggerFactory.getLogger(EventLoop::class.java)
    }
}
