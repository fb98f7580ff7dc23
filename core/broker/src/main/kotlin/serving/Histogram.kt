package io.hawser.broker.serving

import io.hawser.broker.Latency
import java.util.concurrent.atomic.AtomicBoolean
import java.util.concurrent.atomic.AtomicLongArray

/** Counts durations, to an eighth of each: [SUB] buckets for each power of two nanoseconds. Any thread. */
internal class Histogram {
    private val counts by lazy { AtomicLongArray((Long.SIZE_BITS - SUB_BITS) * SUB) }
    private val isUsed = AtomicBoolean()

    fun record(nanos: Long) {
        counts.incrementAndGet(bucket(nanos.coerceAtLeast(0)))
        isUsed.set(true)
    }

    /** What has been counted so far. */
    fun snapshot(): Latency {
        if (!isUsed.get()) return Latency(0) { 0 }
        val copy = LongArray(counts.length(), counts::get)
        val total = copy.sum()
        return Latency(total) { quantile ->
            val rank = Math.ceil(quantile * total).toLong().coerceIn(minOf(1, total), total)
            var seen = 0L
            val index = copy.indices.firstOrNull { i ->
                seen += copy[i]
                seen >= rank && total > 0
            }
            index?.let(::upperEnd) ?: 0
        }
    }

    private fun bucket(nanos: Long): Int {
        if (nanos < SUB) return nanos.toInt()
        val exponent = Long.SIZE_BITS - 1 - nanos.countLeadingZeroBits()
        return (exponent - SUB_BITS + 1) * SUB + ((nanos ushr (exponent - SUB_BITS)).toInt() and (SUB - 1))
    }

    private fun upperEnd(bucket: Int): Long {
        if (bucket < SUB) return bucket.toLong()
        val shift = bucket / SUB - 1
        return ((SUB + bucket % SUB + 1L) shl shift) - 1
    }

    private companion object {
        const val SUB_BITS = 3
        const val SUB = 1 shl SUB_BITS
    }
}
