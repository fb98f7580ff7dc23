package io.hawser.config

import java.nio.file.Path

/** Where a value comes from; what is further down in this list goes over what is above it. */
public sealed class Origin {
    /** What the options are when nobody says anything. */
    public object Default : Origin() {
        override fun toString(): String = "default"
    }

    /** A place in the file at [path]; [line] and [column] count from 1. */
    public class File(public val path: Path, public val line: Int, public val column: Int) : Origin() {
        override fun toString(): String = "$path:$line:$column"
    }

    /** The variable [name] of the environment. */
    public class Variable(public val name: String) : Origin() {
        override fun toString(): String = name
    }

    /** The program itself. */
    public object Code : Origin() {
        override fun toString(): String = "code"
    }
}
