package io.hawser.testkit.fault

import io.hawser.testkit.Faults
import io.hawser.testkit.OnConnect
import kotlin.random.Random
import kotlin.time.Duration
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.first

/** The faults of a proxy as they are now. Any thread. */
internal class LiveFaults {
    var latency: Duration by Lateness()
    var jitter: Duration by Lateness()

    @Volatile
    var onConnect: OnConnect = OnConnect.Carry

    @Volatile
    var sliceTo: Int = Int.MAX_VALUE
        set(value) {
            require(value >= 1) { "sliceTo < 1: $value" }
            field = value
        }

    @Volatile
    var bandwidth: Long = Faults.NEVER
        set(value) {
            require(value >= 1) { "bandwidth < 1: $value" }
            field = value
        }

    /** What new connections begin with. */
    @Volatile
    var cutAfter: Long = Faults.NEVER

    val silent = MutableStateFlow(false)

    /** How late what comes in now is. */
    fun delay(random: Random): Duration = latency + if (jitter.isPositive()) jitter * random.nextDouble() else Duration.ZERO

    suspend fun awaitSound() {
        if (silent.value) silent.first { !it }
    }
}
