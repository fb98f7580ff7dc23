@file:OptIn(SettingsApi::class)

package io.hawser.settings

import java.io.IOException
import java.nio.file.Files
import java.nio.file.Path
import java.util.concurrent.ConcurrentHashMap

/** Where a value stands, as far as it matters for what it means. */
@SettingsApi
public class Surroundings(
    /** What relative paths are relative to: the folder of the file that has the value; the process's own if null. */
    private val folder: Path?,
    private val environment: Map<String, String>,
) {
    private val read = ConcurrentHashMap.newKeySet<Path>()

    /** The files that values were read from. */
    public val files: Set<Path> get() = read

    /** The path that is written [text]. */
    public fun path(text: String): Path {
        val path = Path.of(text)
        return (if (path.isAbsolute || folder == null) path else folder.resolve(path)).toAbsolutePath().normalize()
    }

    /** The value of the environment variable [name], or null. */
    public fun variable(name: String): String? = environment[name]

    /**
     * The first line of the file [path], which is small and then counts among [files].
     *
     * @throws Refused if it cannot be read.
     */
    public fun lineOf(path: Path): String {
        read.add(path)
        try {
            return Files.newBufferedReader(path).use { it.readLine().orEmpty() }
        } catch (e: IOException) {
            throw Refused("$path cannot be read: ${if (Files.notExists(path)) "there is no such file" else e.message}", e)
        }
    }
}

/** A value that cannot be; the message says why, or is null where it is enough to know what is allowed. */
@SettingsApi
public class Refused(why: String?, cause: Throwable? = null) : IllegalArgumentException(why, cause)

/** A value of a type that a setting never has. */
@SettingsApi
public class RefusedType : IllegalArgumentException()
