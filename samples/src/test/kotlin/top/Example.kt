package io.hawser.samples.top

import io.hawser.samples.monitor.BusyChannel
import io.hawser.samples.monitor.BusyConnection
import io.hawser.samples.monitor.Quantiles
import io.hawser.samples.monitor.Snapshot
import java.time.Instant
import kotlin.time.Duration.Companion.hours
import kotlin.time.Duration.Companion.microseconds
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.minutes
import kotlin.time.Duration.Companion.seconds

/** Snapshots to look at. */
internal object Example {
    private val since = Instant.parse("2026-11-22T12:00:00Z")

    val idle = Snapshot(
        program = "echo",
        endpoint = "unix:/run/echo.sock",
        state = "listening",
        health = Snapshot.Health("up"),
        since = since,
        at = since.plusSeconds(5),
        now = mapOf("connections" to 0),
        totals = mapOf("accepted" to 0, "refused" to 0, "in" to 0, "out" to 0),
        rates = mapOf("accepted" to 0.0, "refused" to 0.0, "in" to 0.0, "out" to 0.0),
    )

    val broker = Snapshot(
        program = "broker",
        endpoint = "tls://127.0.0.1:9443",
        state = "listening",
        health = Snapshot.Health("degraded", listOf("full: 1000 of 1000 connections")),
        since = since,
        at = since.plusSeconds(90_061),
        now = mapOf("connections" to 1000, "providers" to 12, "in_flight" to 7, "queued_bytes" to 1_500_000),
        totals = mapOf(
            "accepted" to 12_345_678,
            "refused" to 42,
            "in" to 1_234_567_890,
            "out" to 999,
            "requests" to 7_654_321,
            "completed" to 7_654_000,
            "timed_out" to 3,
            "failed" to 0,
        ),
        rates = mapOf("accepted" to 0.25, "in" to 2_500_000.0, "out" to 0.0, "requests" to 1234.4),
        refused = mapOf("too_many_connections" to 40, "not_admitted" to 2),
        delays = mapOf(
            "loop" to Quantiles(21.microseconds, 180.microseconds, 1.2.milliseconds),
            "request" to Quantiles(1.1.milliseconds, 42.milliseconds, 2.5.seconds),
        ),
        busiest = listOf(
            BusyConnection("[2001:db8::1]:40001", 25.hours, 0.seconds, 9_900_000_000, 12_000, 1_300_000.0, 900.0),
            BusyConnection("10.0.0.7:51000", 62.minutes, 3.seconds, 12, 7_000_000, 0.0, 51.4, isThrottled = true),
            BusyConnection("", 5.seconds, 5.seconds, 0, 0, 0.0, 0.0),
        ),
        channels = listOf(
            BusyChannel("7d444840-9dc0-11d1-b245-5ffdce74fad2", 7_000_000, 1200.0, 6, 12, 10, 900, 41.milliseconds),
            BusyChannel("00000000-0000-0000-0000-000000000000", 3, 0.1, 0, 0, 1, 1, p99 = null),
        ),
    )
}
