package io.hawser.samples.monitor

import io.hawser.samples.cli.Console
import java.time.Instant
import kotlin.math.roundToLong
import kotlin.time.Duration
import kotlin.time.DurationUnit.MICROSECONDS
import kotlin.time.DurationUnit.MILLISECONDS
import kotlinx.serialization.json.JsonArrayBuilder
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.JsonObjectBuilder
import kotlinx.serialization.json.add
import kotlinx.serialization.json.addJsonObject
import kotlinx.serialization.json.buildJsonObject
import kotlinx.serialization.json.put
import kotlinx.serialization.json.putJsonArray
import kotlinx.serialization.json.putJsonObject

/** The version of the format that `samples/MONITOR.md` tells; what is added to it leaves it as it is. */
internal const val VERSION = 1L

/** This snapshot as one line of JSON. */
internal fun Snapshot.toJson(): String = buildJsonObject {
    put("version", VERSION)
    put("program", program)
    put("endpoint", endpoint)
    put("state", state)
    put("health", health.word)
    putJsonArray("problems") { health.problems.forEach { add(it) } }
    put("since", "$since")
    put("at", "$at")
    putNumbers("now", now)
    putNumbers("totals", totals)
    putNumbers("rates", rates.mapValues { it.value.toHundredths() })
    putNumbers("refused", refused)
    putJsonObject("delays") { delays.forEach { (name, quantiles) -> put(name, quantiles.toJson()) } }
    putJsonArray("busiest") { busiest.forEach { add(it) } }
    putJsonArray("channels") { channels.forEach { add(it) } }
}.toString().replace(Console.unprintable) { "\\u%04x".format(it.value.single().code) }

private fun JsonObjectBuilder.putNumbers(name: String, numbers: Map<String, Number>) {
    putJsonObject(name) { numbers.forEach { (key, value) -> put(key, value) } }
}

private fun Quantiles.toJson(): JsonObject = buildJsonObject {
    put("p50_us", p50.micros)
    put("p99_us", p99.micros)
    put("max_us", max.micros)
}

private fun JsonArrayBuilder.add(connection: BusyConnection) {
    addJsonObject {
        put("remote", connection.remote)
        put("age_ms", connection.age.toLong(MILLISECONDS))
        put("idle_ms", connection.idle.toLong(MILLISECONDS))
        put("in", connection.bytesIn)
        put("out", connection.bytesOut)
        put("in_rate", connection.rateIn.toHundredths())
        put("out_rate", connection.rateOut.toHundredths())
        if (connection.isThrottled) put("throttled", true)
    }
}

private fun JsonArrayBuilder.add(channel: BusyChannel) {
    addJsonObject {
        put("channel", channel.name)
        put("requests", channel.requests)
        put("rate", channel.rate.toHundredths())
        put("in_flight", channel.inFlight)
        put("waiting", channel.waiting)
        put("providers", channel.providers)
        put("consumers", channel.consumers)
        channel.p99?.let { put("p99_us", it.micros) }
    }
}

private val Duration.micros: Double get() = toDouble(MICROSECONDS)

/** More says nothing of what happened within a second. */
private fun Double.toHundredths(): Double = (this * HUNDRED).roundToLong() / HUNDRED

private const val HUNDRED = 100.0
