package io.hawser.micrometer

import io.micrometer.core.instrument.Clock

/** What [look] sees, and the same for all who ask within a moment: meters that are read together fit together. Any thread. */
internal class Moment<T : Any>(private val clock: Clock, private val look: () -> T) {
    /** Guarded by the monitor, like what follows. */
    private var seen: T? = null
    private var asOf = 0L

    val now: T
        @Synchronized get() {
            val now = clock.monotonicTime()
            seen?.takeIf { now - asOf < LENGTH }?.let { return it }
            return look().also {
                seen = it
                asOf = now
            }
        }

    private companion object {
        const val LENGTH = 100_000_000L
    }
}
