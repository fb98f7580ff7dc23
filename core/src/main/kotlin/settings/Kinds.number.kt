@file:OptIn(SettingsApi::class)

package io.hawser.settings

import kotlin.time.Duration
import kotlin.time.Duration.Companion.days
import kotlin.time.Duration.Companion.hours
import kotlin.time.Duration.Companion.microseconds
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.minutes
import kotlin.time.Duration.Companion.nanoseconds
import kotlin.time.Duration.Companion.seconds

internal class DurationKind(private val least: Duration, private val isOpen: Boolean) :
    Kind<Duration>("a duration such as 25s, 1m30s or 500ms") {
    override fun read(raw: Raw, around: Surroundings): Duration {
        val text = (raw as? Raw.Text ?: throw RefusedType()).text
        // Of the longest the expression would exhaust the stack.
        if (text.length > LONGEST || !whole.matches(text)) throw Refused(null)
        val value = parts.findAll(text).map { unit.getValue(it.groupValues[2]) * it.groupValues[1].toDouble() }.reduce(Duration::plus)
        if (!value.isFinite()) throw Refused("it is too long")
        if (value < least || (isOpen && value == least)) throw Refused("it is not over zero")
        return value
    }

    override fun write(value: Duration): Raw {
        val text = StringBuilder()
        // In nanoseconds it would have an end at 292 years.
        val days = value.inWholeDays
        if (days > 0) text.append(days).append("d")
        var rest = (value - days.days).inWholeNanoseconds
        for ((name, length) in unit) {
            val nanos = length.inWholeNanoseconds
            if (rest >= nanos) text.append(rest / nanos).append(name)
            rest %= nanos
        }
        return Raw.Text(text.ifEmpty { "0s" }.toString())
    }

    override fun parse(text: String): Raw = Raw.Text(text)

    private companion object {
        const val LONGEST = 200
        val unit = linkedMapOf(
            "d" to 1.days,
            "h" to 1.hours,
            "m" to 1.minutes,
            "s" to 1.seconds,
            "ms" to 1.milliseconds,
            "us" to 1.microseconds,
            "ns" to 1.nanoseconds,
        )
        val parts = Regex("""(\d{1,15}(?:\.\d{1,9})?)(d|h|ms|m|s|us|ns)""")
        val whole = Regex("(?:$parts)+")
    }
}

/** Bytes, or what else comes in such numbers, with [suffix] behind the unit. */
internal class SizeKind(private val least: Long, private val most: Long, private val suffix: String) :
    Kind<Long>("a ${if (suffix.isEmpty()) "size" else "rate"} such as 64KiB$suffix or 1MB$suffix${bounds(least, most)}") {
    override fun read(raw: Raw, around: Surroundings): Long {
        val value = when (raw) {
            is Raw.Whole -> raw.number
            is Raw.Text -> parsed(raw.text)
            else -> throw RefusedType()
        }
        if (value !in least..most) throw Refused(null)
        return value
    }

    private fun parsed(text: String): Long {
        val (number, name) = written.matchEntire(text.removeSuffix(suffix))?.destructured ?: throw Refused(null)
        val factor = unit[name.ifEmpty { "B" }] ?: throw Refused(null)
        val whole = number.toLong()
        if (whole > Long.MAX_VALUE / factor) throw Refused("it is too much")
        return whole * factor
    }

    override fun write(value: Long): Raw {
        val (name, factor) = binary.firstOrNull { value > 0 && value % it.second == 0L } ?: ("B" to 1L)
        return if (factor == 1L && suffix.isEmpty()) Raw.Whole(value) else Raw.Text("${value / factor}$name$suffix")
    }

    override fun parse(text: String): Raw = text.toLongOrNull()?.let { Raw.Whole(it) } ?: Raw.Text(text)

    private companion object {
        const val KIB = 1024L
        const val KB = 1000L
        val binary = listOf("GiB" to KIB * KIB * KIB, "MiB" to KIB * KIB, "KiB" to KIB)
        val unit = binary.toMap() + mapOf("GB" to KB * KB * KB, "MB" to KB * KB, "kB" to KB, "KB" to KB, "B" to 1L)
        val written = Regex("""(\d{1,18}) ?([A-Za-z]*)""")
    }
}

internal class IntSizeKind(private val inner: Kind<Long>) : Kind<Int>(inner.allowed) {
    override fun read(raw: Raw, around: Surroundings): Int = inner.read(raw, around).toInt()

    override fun write(value: Int): Raw = inner.write(value.toLong())

    override fun parse(text: String): Raw = inner.parse(text)
}

internal class IntKind(private val range: IntRange) : Kind<Int>("a number${bounds(range.first.toLong(), range.last.toLong())}") {
    override fun read(raw: Raw, around: Surroundings): Int {
        val number = (raw as? Raw.Whole ?: throw RefusedType()).number
        if (number < range.first || number > range.last) throw Refused(null)
        return number.toInt()
    }

    override fun write(value: Int): Raw = Raw.Whole(value.toLong())

    override fun parse(text: String): Raw = text.toLongOrNull()?.let { Raw.Whole(it) } ?: Raw.Text(text)
}

internal class LongKind(private val least: Long) : Kind<Long>("a number${bounds(least, Long.MAX_VALUE)}") {
    override fun read(raw: Raw, around: Surroundings): Long {
        val number = (raw as? Raw.Whole ?: throw RefusedType()).number
        if (number < least) throw Refused(null)
        return number
    }

    override fun write(value: Long): Raw = Raw.Whole(value)

    override fun parse(text: String): Raw = text.toLongOrNull()?.let { Raw.Whole(it) } ?: Raw.Text(text)
}

internal class DoubleKind(private val least: Double) : Kind<Double>("a number of at least $least") {
    override fun read(raw: Raw, around: Surroundings): Double {
        val number = when (raw) {
            is Raw.Real -> raw.number
            is Raw.Whole -> raw.number.toDouble()
            else -> throw RefusedType()
        }
        if (!(number >= least && number.isFinite())) throw Refused(null)
        return number
    }

    override fun write(value: Double): Raw = Raw.Real(value)

    override fun parse(text: String): Raw = text.toDoubleOrNull()?.let { Raw.Real(it) } ?: Raw.Text(text)
}

internal object BooleanKind : Kind<Boolean>("true or false") {
    override fun read(raw: Raw, around: Surroundings): Boolean = (raw as? Raw.Flag ?: throw RefusedType()).isOn

    override fun write(value: Boolean): Raw = Raw.Flag(value)

    override fun parse(text: String): Raw = text.toBooleanStrictOrNull()?.let { Raw.Flag(it) } ?: Raw.Text(text)
}

private fun bounds(least: Long, most: Long): String = when {
    most < Int.MAX_VALUE -> " from $least to $most"
    least == Long.MIN_VALUE -> ""
    else -> " of at least $least"
}
