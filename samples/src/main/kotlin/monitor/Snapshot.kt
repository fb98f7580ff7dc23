package io.hawser.samples.monitor

import java.time.Instant
import kotlin.time.Duration

/** A program that serves, as it was at one moment: what a monitor sends. */
internal data class Snapshot(
    /** What serves: `echo`, `relay`, `hub` or `broker`. */
    val program: String,
    /** Where it listens. */
    val endpoint: String,
    /** Where it is in its life, in a word or two. */
    val state: String,
    val health: Health,
    /** What it began to serve at. */
    val since: Instant,
    val at: Instant,
    /** What there is now, by name. */
    val now: Map<String, Long>,
    /** What there has been since it began, by name; `in` and `out` are bytes. */
    val totals: Map<String, Long>,
    /** The same per second, since the snapshot before. */
    val rates: Map<String, Double>,
    /** Whom it has refused, by reason. */
    val refused: Map<String, Long> = emptyMap(),
    /** How long what took over the last seconds: `loop` is how long a task waits for its event loop, `request` a request for its answer. */
    val delays: Map<String, Quantiles> = emptyMap(),
    /** The connections on which most bytes move, those first. */
    val busiest: List<BusyConnection> = emptyList(),
    /** The channels of a broker on which most is asked, those first. */
    val channels: List<BusyChannel> = emptyList(),
) {
    data class Health(val word: String, val problems: List<String> = emptyList())
}

/** Half took no longer than [p50], 99 of a hundred no longer than [p99], and none longer than [max]. */
internal data class Quantiles(val p50: Duration, val p99: Duration, val max: Duration)

/** A connection; rates are bytes per second, and one that [isThrottled] might be faster if the server let it. */
internal data class BusyConnection(
    val remote: String,
    val age: Duration,
    val idle: Duration,
    val bytesIn: Long,
    val bytesOut: Long,
    val rateIn: Double,
    val rateOut: Double,
    val isThrottled: Boolean = false,
)

/** A channel of a broker. */
internal data class BusyChannel(
    val name: String,
    val requests: Long,
    /** Requests per second. */
    val rate: Double,
    val inFlight: Long,
    val waiting: Long,
    val providers: Long,
    val consumers: Long,
    /** Of all requests since somebody is registered there; null without any. */
    val p99: Duration?,
)
