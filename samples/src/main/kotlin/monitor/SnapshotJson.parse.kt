package io.hawser.samples.monitor

import io.hawser.samples.hub.depthOf
import java.io.IOException
import java.time.DateTimeException
import java.time.Instant
import kotlin.time.Duration
import kotlin.time.Duration.Companion.microseconds
import kotlin.time.Duration.Companion.milliseconds
import kotlinx.serialization.SerializationException
import kotlinx.serialization.json.Json
import kotlinx.serialization.json.JsonArray
import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.JsonPrimitive

/** What came is no snapshot. */
internal class MalformedSnapshot(why: String) : IOException(why)

/** Deeper than any snapshot; the parser needs stack for each level. */
private const val DEEPEST = 16

private const val QUOTED = 60

/**
 * The snapshot that [line] is; what it has beside that is of a later version, and left out.
 *
 * @throws MalformedSnapshot naming what is missing or no such thing.
 */
internal fun snapshotOf(line: String): Snapshot = Fields(document(line), "").run {
    Snapshot(
        program = text("program"),
        endpoint = text("endpoint"),
        state = text("state"),
        health = Snapshot.Health(text("health"), texts("problems")),
        since = instant("since"),
        at = instant("at"),
        now = numbers("now") { long(it) },
        totals = numbers("totals") { long(it) },
        rates = numbers("rates") { number(it) },
        refused = numbers("refused") { long(it) },
        delays = numbers("delays") { inner(it).quantiles() },
        busiest = list("busiest") { connection() },
        channels = list("channels") { channel() },
    )
}

private fun document(line: String): JsonObject {
    val json = try {
        if (depthOf(line) > DEEPEST) null else Json.parseToJsonElement(line) as? JsonObject
    } catch (_: SerializationException) {
        null
    }
    return json ?: throw MalformedSnapshot("no snapshot of a program that serves: \"${line.take(QUOTED)}\"")
}

private fun Fields.quantiles() = Quantiles(micros("p50_us"), micros("p99_us"), micros("max_us"))

private fun Fields.connection() = BusyConnection(
    remote = text("remote"),
    age = long("age_ms").milliseconds,
    idle = long("idle_ms").milliseconds,
    bytesIn = long("in"),
    bytesOut = long("out"),
    rateIn = number("in_rate"),
    rateOut = number("out_rate"),
    isThrottled = has("throttled") && truth("throttled"),
)

private fun Fields.channel() = BusyChannel(
    name = text("channel"),
    requests = long("requests"),
    rate = number("rate"),
    inFlight = long("in_flight"),
    waiting = long("waiting"),
    providers = long("providers"),
    consumers = long("consumers"),
    p99 = if (has("p99_us")) micros("p99_us") else null,
)

/** The fields of an object of JSON that is at [place]. */
private class Fields(private val json: JsonObject, private val place: String) {
    fun has(name: String): Boolean = name in json

    fun text(name: String): String = (json[name] as? JsonPrimitive)?.takeIf { it.isString }?.content ?: wrong(name, "a text")

    fun texts(name: String): List<String> =
        array(name).map { (it as? JsonPrimitive)?.takeIf(JsonPrimitive::isString)?.content ?: wrong(name, "texts") }

    fun long(name: String): Long = literal(name)?.toLongOrNull() ?: wrong(name, "a whole number")

    fun truth(name: String): Boolean = literal(name)?.toBooleanStrictOrNull() ?: wrong(name, "true or false")

    fun number(name: String): Double = literal(name)?.toDoubleOrNull()?.takeIf(Double::isFinite) ?: wrong(name, "a number")

    fun micros(name: String): Duration = number(name).microseconds

    fun instant(name: String): Instant = try {
        Instant.parse(text(name))
    } catch (_: DateTimeException) {
        wrong(name, "a time such as 2026-11-22T12:00:00Z")
    }

    fun inner(name: String): Fields = Fields(json[name] as? JsonObject ?: wrong(name, "an object"), "$place$name.")

    /** What [read] makes of each field of the object [name], which may not be there. */
    fun <T> numbers(name: String, read: Fields.(String) -> T): Map<String, T> =
        if (has(name)) inner(name).run { json.keys.associateWith { read(it) } } else emptyMap()

    /** What [read] makes of each object in the list [name], which may not be there. */
    fun <T> list(name: String, read: Fields.() -> T): List<T> = array(name).mapIndexed { index, element ->
        Fields(element as? JsonObject ?: wrong("$name[$index]", "an object", element), "$place$name[$index].").read()
    }

    private fun array(name: String): List<JsonElement> =
        if (has(name)) json[name] as? JsonArray ?: wrong(name, "a list") else emptyList()

    private fun literal(name: String): String? = (json[name] as? JsonPrimitive)?.takeUnless { it.isString }?.content

    private fun wrong(name: String, what: String, there: JsonElement? = json[name]): Nothing =
        throw MalformedSnapshot("a snapshot has to have $what at \"$place$name\", and has ${"${there ?: "nothing"}".take(QUOTED)}")
}
