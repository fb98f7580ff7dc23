package io.hawser.samples.demo

import io.hawser.Endpoint
import io.hawser.samples.cli.ManifestVersion
import java.nio.file.Path
import java.util.Locale
import kotlin.time.Duration
import kotlin.time.DurationUnit.MICROSECONDS

/** What one transport did. */
internal class Result(
    val transport: String,
    val endpoint: Endpoint,
    val bytes: Long,
    val streaming: Duration,
    val roundTrips: RoundTrips,
) {
    /** Bytes per nanosecond are gigabytes per second. */
    val gigabytesPerSecond: Double get() = bytes.toDouble() / maxOf(1, streaming.inWholeNanoseconds)
}

/** [results] for people: a column is as wide as it must be, numbers stand on the right. */
internal fun table(results: List<Result>): String {
    val rows = listOf(listOf("transport", "GB/s", "round trips/s", "p50", "p99")) + results.map {
        listOf(
            it.transport,
            significant(it.gigabytesPerSecond, digits = 3),
            "%,.0f".root(it.roundTrips.perSecond),
            "%.1f us".root(it.roundTrips.percentile(50).micros),
            "%.1f us".root(it.roundTrips.percentile(99).micros),
        )
    }
    val widths = rows.first().indices.map { column -> rows.maxOf { it[column].length } }
    return rows.joinToString("\n") { row ->
        row.first().padEnd(widths.first()) + (1 until row.size).joinToString("") { "   " + row[it].padStart(widths[it]) }
    }
}

/** [results] for programs: one JSON document. */
internal fun document(file: Path, fingerprint: Fingerprint, results: List<Result>): String = json(
    mapOf(
        "version" to ManifestVersion.current,
        "file" to file.toString(),
        "bytes" to fingerprint.size,
        "sha256" to fingerprint.sha256,
        "transports" to results.map {
            mapOf(
                "transport" to it.transport,
                "endpoint" to it.endpoint.toString(),
                "gigabytesPerSecond" to it.gigabytesPerSecond,
                "roundTrips" to it.roundTrips.count,
                "roundTripsPerSecond" to it.roundTrips.perSecond,
                "p50Micros" to it.roundTrips.percentile(50).micros,
                "p99Micros" to it.roundTrips.percentile(99).micros,
            )
        },
    ),
)

private val Duration.micros: Double get() = toDouble(MICROSECONDS)

private fun String.root(value: Double): String = format(Locale.ROOT, value)
