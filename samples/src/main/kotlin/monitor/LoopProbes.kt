package io.hawser.samples.monitor

import java.util.concurrent.atomic.AtomicLong
import kotlin.coroutines.EmptyCoroutineContext
import kotlin.time.Duration.Companion.milliseconds
import kotlinx.coroutines.CoroutineDispatcher
import kotlinx.coroutines.delay

/** Measures how long a task has to wait for each of [loops], by tasks that do nothing. */
internal class LoopProbes(loops: List<CoroutineDispatcher>, private val nanoTime: () -> Long = System::nanoTime) {
    private val window = Window()
    private val probes = loops.map(::Probe)

    /** Measures until it is cancelled. */
    suspend fun run(): Nothing {
        while (true) {
            probes.forEach(Probe::send)
            delay(EVERY)
        }
    }

    /** Over the last seconds; a loop that stands still has its tasks wait until now. */
    fun turn(): Quantiles? = window.turn(probes.mapNotNull(Probe::pending), EVERY)

    private inner class Probe(private val loop: CoroutineDispatcher) : Runnable {
        /** When it was sent, or [NOT_SENT]. */
        private val sentAt = AtomicLong(NOT_SENT)

        /** Whether nothing has come of it for as long as it takes to send the next one. */
        val pending: Long?
            get() = sentAt.get().takeIf { it != NOT_SENT }?.let { nanoTime() - it }?.takeIf { it > EVERY.inWholeNanoseconds }

        fun send() {
            if (sentAt.compareAndSet(NOT_SENT, nanoTime())) loop.dispatch(EmptyCoroutineContext, this)
        }

        override fun run() {
            window.record(nanoTime() - sentAt.get(), EVERY)
            sentAt.set(NOT_SENT)
        }
    }

    private companion object {
        val EVERY = 100.milliseconds
        const val NOT_SENT = Long.MIN_VALUE
    }
}
