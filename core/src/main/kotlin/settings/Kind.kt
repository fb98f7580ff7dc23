@file:OptIn(SettingsApi::class)

package io.hawser.settings

import io.hawser.KotlinOnly

/** What a setting's values are, and how they are written. */
@SettingsApi
@KotlinOnly
public abstract class Kind<T>(
    /** What may be written, for people: `a duration such as 25s, 1m30s or 500ms`. */
    public val allowed: String,
) {
    /** Whether nobody is to see the value. */
    public open val isSecret: Boolean get() = false

    /**
     * The value that is written [raw].
     *
     * @throws RefusedType if nothing of that type is one.
     * @throws Refused if this one is none.
     */
    public abstract fun read(raw: Raw, around: Surroundings): T

    /** How [value] is written: [read] makes the same of it. */
    public abstract fun write(value: T): Raw

    /** What an environment variable stands for that has [text]. */
    public abstract fun parse(text: String): Raw

    /** This one, or [word] for [value], as `none` is for no limit. */
    public fun or(word: String, value: T): Kind<T> = WordOr(this, word, value)

    /** This one or [word], for null. */
    public fun orNull(word: String): Kind<T?> = NullOr(this, word)

    /** Any number of these. */
    public fun several(allowed: String): Kind<List<T>> = Several(this, allowed)
}

private class WordOr<T>(private val inner: Kind<T>, private val word: String, private val value: T) :
    Kind<T>("${inner.allowed}, or $word") {
    override fun read(raw: Raw, around: Surroundings): T = if (raw == Raw.Text(word)) value else inner.read(raw, around)

    override fun write(value: T): Raw = if (value == this.value) Raw.Text(word) else inner.write(value)

    override fun parse(text: String): Raw = if (text == word) Raw.Text(word) else inner.parse(text)
}

private class NullOr<T>(private val inner: Kind<T>, private val word: String) : Kind<T?>("${inner.allowed}, or $word") {
    override val isSecret: Boolean get() = inner.isSecret

    override fun read(raw: Raw, around: Surroundings): T? = if (raw == Raw.Text(word)) null else inner.read(raw, around)

    override fun write(value: T?): Raw = if (value == null) Raw.Text(word) else inner.write(value)

    override fun parse(text: String): Raw = if (text == word) Raw.Text(word) else inner.parse(text)
}

private class Several<T>(private val inner: Kind<T>, allowed: String) : Kind<List<T>>(allowed) {
    override fun read(raw: Raw, around: Surroundings): List<T> =
        (raw as? Raw.Many ?: throw RefusedType()).values.map { inner.read(it, around) }

    override fun write(value: List<T>): Raw = Raw.Many(value.map(inner::write))

    override fun parse(text: String): Raw =
        Raw.Many(text.split(',').map(String::trim).filter(String::isNotEmpty).map(inner::parse))
}

/** Values that are written as texts: [from] reads one, or throws what says why not. */
@SettingsApi
@KotlinOnly
public class TextKind<T>(allowed: String, private val to: (T) -> String, private val from: (String, Surroundings) -> T) : Kind<T>(allowed) {
    override fun read(raw: Raw, around: Surroundings): T {
        val text = (raw as? Raw.Text ?: throw RefusedType()).text
        return try {
            from(text, around)
        } catch (e: IllegalArgumentException) {
            throw e as? Refused ?: Refused(e.message, e)
        }
    }

    override fun write(value: T): Raw = Raw.Text(to(value))

    override fun parse(text: String): Raw = Raw.Text(text)
}
