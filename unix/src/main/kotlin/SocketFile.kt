package io.hawser.unix

import java.nio.file.attribute.PosixFilePermission
import java.nio.file.attribute.PosixFilePermissions

/**
 * Whose the file of a socket is, and who may connect to it: on Linux, who may write to it. Immutable:
 * `SocketFile { permissions("rw-rw----"); group = "web" }` in Kotlin, `SocketFile.builder().permissions("rw-rw----").group("web").build()`
 * in Java.
 *
 * | option | default | |
 * |---|---|---|
 * | [permissions] | `rw-------` | whatever the umask is |
 * | [group] | the process's | a name or a number |
 */
public class SocketFile private constructor(from: Builder) {
    /** Exactly these, whatever the umask is. */
    public val permissions: Set<PosixFilePermission> = from.permissions.toSet()

    /** A name or a number, or null for the group that files of this process get anyway. */
    public val group: String? = from.group?.also { require(it.isNotBlank()) { "group is blank: \"$it\"" } }

    override fun toString(): String = "SocketFile(permissions=${PosixFilePermissions.toString(permissions)}, group=$group)"

    /** Collects options; [build] checks them. Not for use by several threads at once. */
    public class Builder internal constructor() {
        /** See [SocketFile.permissions]. */
        @get:JvmSynthetic
        @set:JvmSynthetic
        public var permissions: Set<PosixFilePermission> = PosixFilePermissions.fromString("rw-------")

        /** See [SocketFile.group]. */
        @get:JvmSynthetic
        @set:JvmSynthetic
        public var group: String? = null

        /** See [SocketFile.permissions]. */
        public fun permissions(value: Set<PosixFilePermission>): Builder = apply { permissions = value }

        /**
         * See [SocketFile.permissions].
         *
         * @throws IllegalArgumentException for what does not look like `rw-rw----`.
         */
        public fun permissions(value: String): Builder = apply {
            permissions = try {
                PosixFilePermissions.fromString(value)
            } catch (e: IllegalArgumentException) {
                throw IllegalArgumentException("permissions are not written as rw-rw---- is: \"$value\"", e)
            }
        }

        /** See [SocketFile.group]. */
        public fun group(value: String?): Builder = apply { group = value }

        /** @throws IllegalArgumentException naming the option and its value. */
        public fun build(): SocketFile = SocketFile(this)
    }

    public companion object {
        /** The options with what [block] changes. */
        @JvmSynthetic
        public operator fun invoke(block: Builder.() -> Unit = {}): SocketFile = Builder().apply(block).build()

        /** For Java. */
        @JvmStatic
        public fun builder(): Builder = Builder()
    }
}
