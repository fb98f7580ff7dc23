package io.hawser.testkit.fault

import io.hawser.testkit.DatagramFaultTotals
import java.util.concurrent.atomic.AtomicLong
import kotlin.properties.ReadWriteProperty
import kotlin.random.Random
import kotlin.reflect.KProperty
import kotlin.time.Duration

/** The faults of a proxy of datagrams as they are now, and what they have done. Any thread. */
internal class LiveDatagramFaults {
    var drop: Double by Share()
    var duplicate: Double by Share()
    var reorder: Double by Share()
    var corrupt: Double by Share()

    var latency: Duration by Lateness()
    var jitter: Duration by Lateness()

    @Volatile
    var silent = false

    val received = AtomicLong()
    val dropped = AtomicLong()
    val duplicated = AtomicLong()
    val reordered = AtomicLong()
    val corrupted = AtomicLong()
    val failed = AtomicLong()

    /** What has been done, where [unheard] datagrams more were dropped before they came here. */
    fun totals(unheard: Long): DatagramFaultTotals = DatagramFaultTotals(
        received.get() + unheard,
        dropped.get() + unheard,
        duplicated.get(),
        reordered.get(),
        corrupted.get(),
        failed.get(),
    )

    /** Counts a datagram that came in, and was lost before anything was decided. */
    fun lost() {
        received.incrementAndGet()
        dropped.incrementAndGet()
    }

    /** How late what comes in now is. */
    fun delay(random: Random): Duration = latency + jitter * random.nextDouble()

    /** A part of all datagrams, 0 to 1. */
    private class Share : ReadWriteProperty<Any, Double> {
        @Volatile
        private var share = 0.0

        override fun getValue(thisRef: Any, property: KProperty<*>): Double = share

        override fun setValue(thisRef: Any, property: KProperty<*>, value: Double) {
            require(value in 0.0..1.0) { "${property.name} is not in 0..1: $value" }
            share = value
        }
    }
}
