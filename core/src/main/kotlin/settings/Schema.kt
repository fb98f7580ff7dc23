@file:OptIn(SettingsApi::class)

package io.hawser.settings

import io.hawser.KotlinOnly
import kotlin.reflect.KMutableProperty1

/** What can be written about the options that a [B] collects. */
@SettingsApi
@KotlinOnly
public class Schema<B : Any>(
    /** In the order in which they are shown. */
    public val entries: List<Entry<B>>,
    /** The options that are for code alone, each with the reason. */
    public val codeOnly: Map<String, String> = emptyMap(),
) {
    /** The entry of this name, or null. */
    public operator fun get(name: String): Entry<B>? = entries.find { it.name == name }

    /** The same entries for whatever has a [B]. */
    public fun <A : Any> within(lens: (A) -> B): List<Entry<A>> = entries.map { it.within(lens) }
}

/** Describes the options of [B]. */
@SettingsApi
@KotlinOnly
public fun <B : Any> schema(block: SchemaBuilder<B>.() -> Unit): Schema<B> = SchemaBuilder<B>().apply(block).build()

/** Something with a name in a table. */
@SettingsApi
@KotlinOnly
public sealed class Entry<B : Any> {
    /** In kebab-case, as it is written. */
    public abstract val name: String

    /** One line for people. */
    public abstract val about: String

    /** The options that it is, by their names in code. */
    public abstract val options: Set<String>

    internal abstract fun <A : Any> within(lens: (A) -> B): Entry<A>
}

/** A key with a value. */
@SettingsApi
@KotlinOnly
public class Setting<B : Any, T>(
    override val name: String,
    /** What its values are. */
    public val kind: Kind<T>,
    override val about: String,
    override val options: Set<String>,
    private val get: (B) -> T,
    private val set: (B, T) -> Unit,
) : Entry<B>() {
    /** How what [builder] has is written. */
    public fun shown(builder: B): Raw = kind.write(get(builder))

    /**
     * Has [builder] have what is written [raw].
     *
     * @throws RefusedType if nothing of that type is a value.
     * @throws Refused if this one is none.
     */
    public fun read(builder: B, raw: Raw, around: Surroundings): Unit = set(builder, kind.read(raw, around))

    override fun <A : Any> within(lens: (A) -> B): Entry<A> =
        Setting(name, kind, about, options, { get(lens(it)) }, { a, value -> set(lens(a), value) })
}

/** A table of its own within a table. */
@SettingsApi
@KotlinOnly
public class Group<B : Any, G : Any>(
    override val name: String,
    override val about: String,
    /** What may be in the table. */
    public val schema: Schema<G>,
    override val options: Set<String>,
    /** What a builder has already, as something that collects the rest; null if it has none, or nobody can tell. */
    public val open: (B) -> G?,
    /** Something new, that goes on with what lives in the one of an earlier reading, if there was one. */
    public val fresh: (earlier: G?) -> G,
    /** Puts what has been collected where it belongs; or throws an [IllegalArgumentException]. */
    public val close: (B, G) -> Unit,
    /**
     * Has what was collected count for whatever lives by it, now that all of it is known to be right. Returns the names of what counts
     * for what was made by an earlier reading, too.
     */
    public val commit: (G) -> Set<String> = { emptySet() },
) : Entry<B>() {
    override fun <A : Any> within(lens: (A) -> B): Entry<A> =
        Group(name, about, schema, options, { open(lens(it)) }, fresh, { a, g -> close(lens(a), g) }, commit)
}

/** Any number of tables within a table, each with a name, in order. */
@SettingsApi
@KotlinOnly
public class Groups<B : Any, G : Any>(
    override val name: String,
    override val about: String,
    /** What may be in each of the tables. */
    public val schema: Schema<G>,
    override val options: Set<String>,
    /** Something new for the table of that name, as that of a [Group]. */
    public val fresh: (name: String, earlier: G?) -> G,
    /** Puts what all of the tables say where it belongs; or throws an [IllegalArgumentException]. */
    public val close: (B, List<G>) -> Unit,
    /** As that of a [Group]. */
    public val commit: (G) -> Set<String> = { emptySet() },
) : Entry<B>() {
    override fun <A : Any> within(lens: (A) -> B): Entry<A> =
        Groups(name, about, schema, options, fresh, { a, all -> close(lens(a), all) }, commit)
}

/** Collects entries, in the order in which they are to be shown. */
@SettingsApi
@KotlinOnly
public class SchemaBuilder<B : Any> {
    private val entries = mutableListOf<Entry<B>>()
    private val codeOnly = linkedMapOf<String, String>()

    /** The setting of [property], which is called like it. */
    public fun <T> setting(property: KMutableProperty1<in B, T>, kind: Kind<T>, about: String, name: String = kebab(property.name)) {
        entries +=
            Setting(name, kind, about, setOf(property.name), { property.get(it) }, { builder, value -> property.set(builder, value) })
    }

    /** A setting that is the [options], whatever those are called. */
    public fun <T> setting(
        name: String,
        kind: Kind<T>,
        about: String,
        get: (B) -> T,
        set: (B, T) -> Unit,
        options: Set<String> = emptySet(),
    ) {
        entries += Setting(name, kind, about, options, get, set)
    }

    /** A table of its own, as a [Group] of these. */
    public fun <G : Any> group(
        name: String,
        about: String,
        schema: Schema<G>,
        options: Set<String> = setOf(name),
        open: (B) -> G?,
        fresh: (earlier: G?) -> G,
        close: (B, G) -> Unit,
        commit: (G) -> Set<String> = { emptySet() },
    ) {
        entries += Group(name, about, schema, options, open, fresh, close, commit)
    }

    /** Any number of tables with names, as [Groups] of these. */
    public fun <G : Any> groups(
        name: String,
        about: String,
        schema: Schema<G>,
        options: Set<String> = setOf(name),
        fresh: (name: String, earlier: G?) -> G,
        close: (B, List<G>) -> Unit,
        commit: (G) -> Set<String> = { emptySet() },
    ) {
        entries += Groups(name, about, schema, options, fresh, close, commit)
    }

    /** All of [others]. */
    public fun include(others: List<Entry<B>>) {
        entries += others
    }

    /** All of [other], with what that leaves to code. */
    public fun include(other: Schema<B>) {
        include(other.entries)
        codeOnly += other.codeOnly
    }

    /** Leaves [option] to code. */
    public fun codeOnly(option: String, reason: String) {
        codeOnly[option] = reason
    }

    internal fun build(): Schema<B> = Schema(entries.toList(), codeOnly.toMap())
}
