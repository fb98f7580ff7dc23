package io.hawser.samples.top

import io.hawser.samples.cli.Console
import org.jline.utils.AttributedString
import org.jline.utils.AttributedStringBuilder
import org.jline.utils.AttributedStyle

/** How words look that mean something. Colour says nothing that the words do not say. */
internal enum class Style(val attributes: AttributedStyle) {
    Plain(AttributedStyle.DEFAULT),
    Title(AttributedStyle.BOLD),
    Label(AttributedStyle.DEFAULT.faint()),
    Header(AttributedStyle.INVERSE),
    Good(AttributedStyle.BOLD.foreground(AttributedStyle.GREEN)),
    Warning(AttributedStyle.BOLD.foreground(AttributedStyle.YELLOW)),
    Bad(AttributedStyle.BOLD.foreground(AttributedStyle.RED)),
    Bars(AttributedStyle.DEFAULT.foreground(AttributedStyle.CYAN)),
}

/** One line, in columns of a terminal. What a peer has a say in controls no terminal. */
internal class Line {
    private val text = AttributedStringBuilder()

    val width: Int get() = text.columnLength()

    fun add(words: String, style: Style = Style.Plain): Line = apply { text.append(words.tame(), style.attributes) }

    /** Adds [words] so that they end at [column], or behind one blank where there is no room for that. */
    fun addUntil(column: Int, words: String, style: Style = Style.Plain): Line {
        val blanks = column - width - columns(words)
        return add(" ".repeat(blanks.coerceAtLeast(if (width == 0) 0 else 1))).add(words, style)
    }

    /** What of it fits into [columns]. */
    fun cut(columns: Int): AttributedString = text.toAttributedString().columnSubSequence(0, columns)

    override fun toString(): String = "$text"
}

/** As many columns as [words] take. */
internal fun columns(words: String): Int = AttributedString(words.tame()).columnLength()

/** [words] in no more than [columns], without their middle if they are longer: names differ at their ends. */
internal fun shortened(words: String, columns: Int): String {
    val text = AttributedString(words.tame())
    val length = text.columnLength()
    if (length <= columns) return "$text"
    if (columns <= GAP.length) return "${text.columnSubSequence(0, columns)}"
    val kept = columns - GAP.length
    return "${text.columnSubSequence(0, kept - kept / 2)}$GAP${text.columnSubSequence(length - kept / 2, length)}"
}

private const val GAP = ".."

private fun String.tame(): String = replace('\t', ' ').replace(Console.unprintable, "?")
