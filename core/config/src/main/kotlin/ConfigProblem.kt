package io.hawser.config

import java.nio.file.Path

/** One thing that is wrong with a configuration. [toString] says where, what and what is allowed. */
public sealed class ConfigProblem(
    /** Where it is. */
    public val origin: Origin,
    /** The key, from the first word of its table on, or null where it is about a whole file. */
    public val key: String?,
    /** The value as it is written, or null if there is none, or it is a secret. */
    public val value: String?,
    private val text: String,
) {
    /** A file that is no TOML, or has a key twice. */
    public class Syntax internal constructor(origin: Origin, why: String) : ConfigProblem(origin, null, null, why)

    /** The file at [path] cannot be read. */
    public class UnreadableFile internal constructor(public val path: Path, why: String) :
        ConfigProblem(Origin.File(path, 1, 1), null, null, why)

    /** A key, a table or a variable that nothing is called. */
    public class UnknownKey internal constructor(
        origin: Origin,
        key: String,
        value: String?,
        /** What there is in its place. */
        public val allowed: List<String>,
        text: String,
    ) : ConfigProblem(origin, key, value, text)

    /** A value of another type, or one that is none of those that are allowed. */
    public class BadValue internal constructor(
        origin: Origin,
        key: String,
        value: String?,
        /** What may be written. */
        public val allowed: String,
        /** Whether nothing of its type would do. */
        public val isOfWrongType: Boolean,
        text: String,
    ) : ConfigProblem(origin, key, value, text)

    /** A value without which there is nothing. */
    public class MissingKey internal constructor(origin: Origin, key: String, text: String) : ConfigProblem(origin, key, null, text)

    /** Values that do not go together, with each other or with the endpoint. */
    public class Contradiction internal constructor(origin: Origin, key: String, value: String?, text: String) :
        ConfigProblem(origin, key, value, text)

    /** What needs a module that is not on the class path. */
    public class MissingModule internal constructor(
        origin: Origin,
        key: String,
        /** To be added, of the group `io.hawser`; null where the text says it. */
        public val artifact: String?,
        text: String,
    ) : ConfigProblem(origin, key, null, text)

    /** Code that has failed with [cause] while it was asked, such as what changes a builder. */
    public class Failed internal constructor(key: String?, public val cause: Throwable, text: String) :
        ConfigProblem(Origin.Code, key, null, text)

    override fun toString(): String = when {
        key == null -> "$origin: $text"
        key == "$origin" -> "$key $text"
        value == null -> "$origin: $key $text"
        else -> "$origin: $key = $value $text"
    }
}

/** A configuration that cannot work: [problems] are all that is wrong with it. Nothing has been changed by it. */
public class InvalidConfiguration internal constructor(
    public val problems: List<ConfigProblem>,
    /** The files that were read, or were to be, with a digest of what was in them. */
    internal val seen: Map<Path, String>,
    cause: Throwable? = null,
) : IllegalArgumentException(
    problems.joinToString("\n  ", "${problems.size} problem${if (problems.size == 1) "" else "s"} in the configuration:\n  "),
    cause,
)
