package io.hawser.rate

import io.hawser.ConnectionOptions
import io.hawser.ServerOptions
import kotlin.time.Duration
import kotlin.time.Duration.Companion.nanoseconds

/** The rates that the connections of a server share. */
internal class SharedRates(options: ServerOptions) {
    @Volatile
    private var reading: ByteRate? = null

    @Volatile
    private var writing: ByteRate? = null

    init {
        adopt(options, now = 0)
    }

    val read: ByteRate? get() = reading?.takeIf { it.perSecond < Long.MAX_VALUE }
    val write: ByteRate? get() = writing?.takeIf { it.perSecond < Long.MAX_VALUE }

    /** Connections that have a rate already go by the new one too, from [now] on. */
    @Synchronized
    fun adopt(options: ServerOptions, now: Long) {
        reading = reading.changedTo(options.totalReadRate, now)
        writing = writing.changedTo(options.totalWriteRate, now)
    }

    private fun ByteRate?.changedTo(perSecond: Long, now: Long): ByteRate? = when {
        this != null -> also { it.change(perSecond, now) }
        perSecond == Long.MAX_VALUE -> null
        else -> ByteRate(perSecond, MOST_AT_ONCE)
    }

    private companion object {
        /** Many take turns, so that each comes soon. */
        const val MOST_AT_ONCE = 4L * 1024
    }
}

/** What holds a connection back: the one who reads from it by [input], those who write to it by [output]. */
internal class Throttle private constructor(val input: Lane?, val output: Lane?) {
    /** Whether one of its directions is held back, or was a moment ago. */
    fun isThrottled(now: Long): Boolean = input?.holds?.isThrottled(now) == true || output?.holds?.isThrottled(now) == true

    /** Whether it has ever held back. */
    val hasHeld: Boolean get() = input?.holds?.hasBegun == true || output?.holds?.hasBegun == true

    /** For how long it has held back, both directions together. */
    fun held(now: Long): Duration = ((input?.holds?.held(now) ?: 0) + (output?.holds?.held(now) ?: 0)).nanoseconds

    /** Lets pass what [block] moves, and does not count it. For the one who reads and writes. */
    inline fun <T> unheld(block: () -> T): T {
        input?.isExempt = true
        output?.isExempt = true
        try {
            return block()
        } finally {
            input?.isExempt = false
            output?.isExempt = false
        }
    }

    companion object {
        private const val MOST_AT_ONCE = 64L * 1024

        /** What [options] and what is [shared] ask for, or null if that is nothing. */
        fun of(options: ConnectionOptions, shared: SharedRates?): Throttle? {
            val input = lane(options.readRate, shared?.read)
            val output = lane(options.writeRate, shared?.write)
            return if (input == null && output == null) null else Throttle(input, output)
        }

        private fun lane(perSecond: Long, shared: ByteRate?): Lane? {
            val own = if (perSecond == Long.MAX_VALUE) null else ByteRate(perSecond, MOST_AT_ONCE)
            return if (own == null && shared == null) null else Lane(own, shared)
        }
    }
}
