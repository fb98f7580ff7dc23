package io.hawser.event

import io.hawser.dispatched
import io.hawser.engine.daemonsOnDemand
import io.hawser.transport.TransportApi
import java.util.concurrent.atomic.AtomicInteger
import java.util.concurrent.atomic.AtomicLong
import kotlinx.coroutines.channels.BufferOverflow.DROP_OLDEST
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.FlowCollector
import org.slf4j.LoggerFactory
import org.slf4j.event.Level.DEBUG
import org.slf4j.event.Level.ERROR

/**
 * Publishes events to those who collect and to [listeners], without ever waiting for anybody: each has a queue of its own, and who is
 * over [CAPACITY] events behind loses the oldest. With nobody there an event is not even made.
 */
@OptIn(TransportApi::class)
internal class Events(listeners: List<EventListener>) {
    /** Replaced under the monitor, read without. */
    @Volatile
    private var outlets: Array<Outlet> = Array(listeners.size) { Told(listeners[it]) }
    private var isComplete = false
    private val lost = AtomicLong()

    /** Whether somebody looks, who would see to what has happened. */
    val isObserved: Boolean get() = outlets.any { it is Queue }

    /** Events that somebody did not get because he was too slow. */
    val dropped: Long get() = lost.get()

    /** Collects from now on; completes after [complete], when everything before that has been collected. */
    val flow: Flow<SocketEvent> = object : Flow<SocketEvent> {
        override suspend fun collect(collector: FlowCollector<SocketEvent>) {
            val queue = Queue()
            if (!add(queue)) return
            try {
                // Without a dispatcher the collector would run in the thread of whoever publishes.
                while (true) collector.emit(dispatched { queue.events.receiveCatching() }.getOrNull() ?: break)
            } finally {
                remove(queue)
            }
        }
    }

    /** Whether events are made. */
    val areTold: Boolean get() = outlets.isNotEmpty()

    /** Tells [tap] from now on, until that is closed. It does not look. */
    fun tap(tap: EventTap): AutoCloseable {
        val tapped = Tapped(tap)
        add(tapped)
        return AutoCloseable { remove(tapped) }
    }

    inline fun publish(event: () -> SocketEvent) {
        if (areTold) emit(event())
    }

    fun emit(event: SocketEvent) = outlets.forEach { it.offer(event) }

    /** Publishes [last], after which nothing happens: what is published under this object's monitor comes before it or not at all. */
    @Synchronized
    fun complete(last: SocketEvent) {
        emit(last)
        isComplete = true
        outlets.forEach(Outlet::end)
        outlets = emptyArray()
    }

    @Synchronized
    private fun add(outlet: Outlet): Boolean {
        if (!isComplete) outlets += outlet
        return !isComplete
    }

    @Synchronized
    private fun remove(outlet: Outlet) {
        outlet.leave()
        outlets = outlets.filter { it !== outlet }.toTypedArray()
    }

    private interface Outlet {
        fun offer(event: SocketEvent)

        fun end() = Unit

        fun leave() = Unit
    }

    private class Tapped(private val tap: EventTap) : Outlet {
        /** Written by anybody: two lines instead of one do no harm. */
        private var hasFailed = false

        override fun offer(event: SocketEvent) {
            try {
                tap.onEvent(event)
            } catch (e: Throwable) {
                log.atLevel(if (hasFailed) DEBUG else ERROR).setCause(e).log("event tap {} failed at {}", tap, event)
                hasFailed = true
            }
        }
    }

    private open inner class Queue : Outlet {
        /** What is left over when its collector goes was not lost. */
        @Volatile
        private var isLeft = false

        val events = Channel<SocketEvent>(CAPACITY, DROP_OLDEST) { if (!isLeft) lost.incrementAndGet() }

        override fun offer(event: SocketEvent) {
            events.trySend(event)
        }

        override fun end() {
            events.close()
        }

        override fun leave() {
            isLeft = true
        }
    }

    /** The queue of a [listener], emptied on a thread where it may block. */
    private inner class Told(private val listener: EventListener) :
        Queue(),
        Runnable {
        /** Events offered since somebody last looked; who makes it more than none has [run] run. */
        private val pending = AtomicInteger()

        /** The first failure is worth a line, not every one. */
        private var hasFailed = false

        override fun offer(event: SocketEvent) {
            super.offer(event)
            if (pending.getAndIncrement() == 0) threads.execute(this)
        }

        override fun run() {
            var seen = pending.get()
            while (seen != 0) {
                while (true) tell(events.tryReceive().getOrNull() ?: break)
                seen = pending.addAndGet(-seen)
            }
        }

        private fun tell(event: SocketEvent) {
            try {
                listener.onEvent(event)
            } catch (e: Throwable) {
                log.atLevel(if (hasFailed) DEBUG else ERROR).setCause(e).log("event listener {} failed at {}", listener, event)
                hasFailed = true
            }
        }
    }

    private companion object {
        const val CAPACITY = 1024

        /** No listener waits for another one, which may block. */
        val threads = daemonsOnDemand("hawser-events")
        val log = LoggerFactory.getLogger(Events::class.java)
    }
}
