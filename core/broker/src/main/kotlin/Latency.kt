package io.hawser.broker

import java.time.Duration

/** How long the [count] requests took that were answered, failures included, to an eighth. */
public class Latency internal constructor(public val count: Long, private val at: (Double) -> Long) {
    /** Half of them took no longer. */
    public val p50: Duration get() = quantile(P50)

    /** Nine of ten took no longer. */
    public val p90: Duration get() = quantile(P90)

    /** 99 of a hundred took no longer. */
    public val p99: Duration get() = quantile(P99)

    /** None took longer. */
    public val max: Duration get() = quantile(1.0)

    /** The part [quantile], from 0 to 1, of them took no longer; zero if there are none. */
    public fun quantile(quantile: Double): Duration {
        require(quantile in 0.0..1.0) { "quantile is not from 0 to 1: $quantile" }
        return Duration.ofNanos(at(quantile))
    }

    override fun toString(): String = "$count, p50 $p50, p90 $p90, p99 $p99, max $max"

    private companion object {
        const val P50 = 0.5
        const val P90 = 0.9
        const val P99 = 0.99
    }
}
