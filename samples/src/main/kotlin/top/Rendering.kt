package io.hawser.samples.top

import io.hawser.samples.monitor.BusyChannel
import io.hawser.samples.monitor.BusyConnection
import io.hawser.samples.monitor.Quantiles
import io.hawser.samples.monitor.Snapshot
import kotlin.time.DurationUnit.MICROSECONDS
import kotlin.time.toKotlinDuration
import org.jline.utils.AttributedString

/** What is counted in bytes. */
private val inBytes = setOf("in", "out", "queued_bytes")

/** What has a line of its own; of the rest there is a word where there is something to say. */
private val withLine = listOf("requests", "messages_sent", "messages_received", "received", "accepted", "in", "out")

/** Of which there are reasons. */
private const val REFUSED = "refused"

private const val LABEL = 18
private const val CELL = 11
private const val CELLS = 3

private const val SHORTEST_TITLE = 12

/** Bars that tell something, and more than there are snapshots of. */
private val barWidths = 8..60

/** What is told of a channel fits into few lines. */
private const val MOST_CHANNELS = 6

/** Where there is a screen to fill. */
private const val MOST_ROWS = 20

/** This view as lines that fit into [frame]. */
internal fun View.render(frame: Frame): List<AttributedString> {
    val now = now
    val lines = if (now == null) {
        listOf(Line().add("hawser top", Style.Title), Line().add(notice.orEmpty(), Style.Warning))
    } else {
        val above = head(now, frame.width) + numbers(now, frame) + delays(now, frame)
        above + tables(now, frame.width, frame.height?.let { (it - above.size).coerceAtLeast(0) })
    }
    return lines.map { it.cut(frame.width) }.let { all -> frame.height?.let(all::take) ?: all }
}

private fun View.head(now: Snapshot, width: Int): List<Line> {
    // What was last seen may be so no more.
    val health = if (notice == null) now.health.word.uppercase() else "was ${now.health.word}"
    val style = if (notice == null) now.health.style else Style.Warning
    val end = if (now.state == "listening") health else "${now.state}  $health"
    val up = "  up ${age(java.time.Duration.between(now.since, now.at).toKotlinDuration())}"
    val name = shortened("${now.program}  ${now.endpoint}", (width - columns(up) - columns(end) - 2).coerceAtLeast(SHORTEST_TITLE))
    val title = Line().add(name, Style.Title).add(up).addUntil(width, end, style)
    val problems = now.health.problems.map { Line().add(it, now.health.style) }
    return listOf(title) + problems + listOfNotNull(notice?.let { Line().add(it, Style.Warning) })
}

private val Snapshot.Health.style: Style
    get() = when (word) {
        "up" -> Style.Good
        "degraded" -> Style.Warning
        else -> Style.Bad
    }

private fun View.numbers(now: Snapshot, frame: Frame): List<Line> {
    val there = words(now.now.map { (name, value) -> name to amount(name, value) }, frame.width)
    val shown = withLine.filter { it in now.totals }
    val rates = shown.map { name ->
        val rate = now.rates.getOrDefault(name, 0.0)
        val line = Line().add(name.words().padEnd(LABEL), Style.Label)
            .addUntil(LABEL + CELL, rate(name, rate)).addUntil(LABEL + 2 * CELL, amount(name, now.totals.getValue(name)))
        line.addBars(frame, history.map { it.rates.getOrDefault(name, 0.0) })
    }
    val refused = now.refused.filterValues { it > 0 }.map { (reason, count) -> reason to count(count) }
    val rest = now.totals
        .filter { (name, value) -> name !in shown && value > 0 && (name != REFUSED || refused.isEmpty()) }
        .map { (name, value) -> name to amount(name, value) }
    val refusedInAll = "$REFUSED ${count(now.totals.getOrDefault(REFUSED, 0))}: "
    val header = Line().add(" ".repeat(LABEL))
        .addUntil(LABEL + CELL, "a second", Style.Label).addUntil(LABEL + 2 * CELL, "in all", Style.Label)
    return there + header + rates + words(rest, frame.width) + words(refused, frame.width, refusedInAll)
}

private fun View.delays(now: Snapshot, frame: Frame): List<Line> {
    if (now.delays.isEmpty()) return emptyList()
    val header = Line().add(" ".repeat(LABEL))
    listOf("p50", "p99", "max").forEachIndexed { index, title -> header.addUntil(LABEL + (index + 1) * CELL, title, Style.Label) }
    return listOf(header) + now.delays.map { (name, quantiles) ->
        val line = Line().add("$name delay".words().padEnd(LABEL), Style.Label)
        quantiles.all().forEachIndexed { index, value -> line.addUntil(LABEL + (index + 1) * CELL, span(value)) }
        line.addBars(frame, history.map { it.delays[name]?.p99?.toDouble(MICROSECONDS) ?: 0.0 })
    }
}

private fun Quantiles.all() = listOf(p50, p99, max)

/** As many rows of both tables as fit into [room]. */
private fun tables(now: Snapshot, width: Int, room: Int?): List<Line> {
    val most = room ?: (2 * MOST_ROWS)
    val channels = now.channels.take(minOf(MOST_CHANNELS, (most / 2 - 2).coerceAtLeast(0)))
    val above = if (channels.isEmpty()) emptyList() else listOf(Line()) + table(channelName, channelColumns, channels, width)
    val connections = now.busiest.take((most - above.size - 2).coerceIn(0, MOST_ROWS.takeIf { room == null } ?: Int.MAX_VALUE))
    val below = if (connections.isEmpty()) emptyList() else listOf(Line()) + table(remote, connectionColumns, connections, width)
    return above + below
}

private val remote = Column<BusyConnection>("connection", 0) {
    it.remote.ifEmpty { "(no address)" } + if (it.isThrottled) " (slowed)" else ""
}

private val connectionColumns = listOf<Column<BusyConnection>>(
    Column("in/s", 7) { bytes(it.rateIn) },
    Column("out/s", 7) { bytes(it.rateOut) },
    Column("age", 7) { age(it.age) },
    Column("idle", 7) { age(it.idle) },
    Column("in", 7) { bytes(it.bytesIn.toDouble()) },
    Column("out", 7) { bytes(it.bytesOut.toDouble()) },
)

private val channelName = Column<BusyChannel>("channel", 0) { it.name }

private val channelColumns = listOf<Column<BusyChannel>>(
    Column("req/s", 7) { countRate(it.rate) },
    Column("p99", 7) { it.p99?.let(::span) ?: "-" },
    Column("flying", 6) { count(it.inFlight) },
    Column("waiting", 7) { count(it.waiting) },
    Column("answer", 6) { count(it.providers) },
    Column("ask", 5) { count(it.consumers) },
)

private fun Line.addBars(frame: Frame, values: List<Double>): Line {
    val room = frame.width - (LABEL + CELLS * CELL) - 2
    if (!frame.bars || room < barWidths.first) return this
    val width = minOf(room, barWidths.last)
    return addUntil(LABEL + CELLS * CELL + 2 + width, sparkline(values, width), Style.Bars)
}

/** Names and numbers one behind the other, on as many lines as they take. */
private fun words(pairs: List<Pair<String, String>>, width: Int, before: String = ""): List<Line> {
    if (pairs.isEmpty()) return emptyList()
    val lines = mutableListOf(Line().add(before, Style.Label))
    for ((name, value) in pairs) {
        val isFirst = lines.last().width == columns(before)
        if (!isFirst &&
            lines.last().width + columns(name) + columns(value) + SEPARATOR > width
        ) {
            lines += Line().add(" ".repeat(columns(before)))
        }
        if (lines.last().width > columns(before)) lines.last().add(" ".repeat(2))
        lines.last().add("${name.words()} ", Style.Label).add(value)
    }
    return lines
}

/** Two blanks, and one between a name and its number. */
private const val SEPARATOR = 3

private fun String.words(): String = replace('_', ' ')

private fun amount(name: String, value: Long): String = if (name in inBytes) bytes(value.toDouble()) else count(value)

private fun rate(name: String, value: Double): String = if (name in inBytes) bytes(value) else countRate(value)
