@file:OptIn(SettingsApi::class)

package io.hawser.settings

/** A value as somebody has written it. [toString] is how TOML has it. */
@SettingsApi
public sealed interface Raw {
    /** A [text], without its quotes. */
    public data class Text(public val text: String) : Raw {
        override fun toString(): String = quoted(text)
    }

    /** A whole [number]. */
    public data class Whole(public val number: Long) : Raw {
        override fun toString(): String = "$number"
    }

    /** A [number] with a fraction, or an exponent. */
    public data class Real(public val number: Double) : Raw {
        override fun toString(): String = "$number"
    }

    /** `true` if [isOn], or `false`. */
    public data class Flag(public val isOn: Boolean) : Raw {
        override fun toString(): String = "$isOn"
    }

    /** A list of [values]. */
    public data class Many(public val values: List<Raw>) : Raw {
        override fun toString(): String = values.joinToString(", ", "[", "]")
    }

    /** What no setting is, such as a date: its [text], as TOML has it. */
    public data class Other(public val text: String) : Raw {
        override fun toString(): String = text
    }
}

/** As a basic string of TOML. */
private fun quoted(text: String): String = text.fold(StringBuilder("\"")) { line, c ->
    when {
        c == '"' || c == '\\' -> line.append('\\').append(c)
        c == '\n' -> line.append("\\n")
        c == '\t' -> line.append("\\t")
        c.isISOControl() -> line.append("\\u%04x".format(c.code))
        else -> line.append(c)
    }
}.append('"').toString()
