@file:OptIn(SettingsApi::class)

package io.hawser.settings

import io.hawser.KotlinOnly
import java.io.IOException
import java.nio.ByteBuffer
import java.nio.charset.CharacterCodingException
import java.nio.file.Files
import java.nio.file.Path

/** Where a value stands, as far as it matters for what it means. */
@SettingsApi
@KotlinOnly
public class Surroundings(
    /** What relative paths are relative to: the folder of the file that has the value; the process's own if null. */
    private val folder: Path?,
    private val environment: Map<String, String>,
    /** Told of every file whose content matters, before it is read. */
    private val onFile: (Path) -> Unit = {},
) {
    /** The path that is written [text]. */
    public fun path(text: String): Path {
        val path = Path.of(text)
        return (if (path.isAbsolute || folder == null) path else folder.resolve(path)).toAbsolutePath().normalize()
    }

    /** The value of the environment variable [name], or null. */
    public fun variable(name: String): String? = environment[name]

    /** Says that what is in the file [path] matters, and is read after this. */
    public fun reads(path: Path): Unit = onFile(path)

    /**
     * The first line of the file [path], of at most 64 KiB.
     *
     * @throws Refused if it cannot be read.
     */
    public fun lineOf(path: Path): String {
        reads(path)
        // Others may never end, or never begin.
        if (!Files.isRegularFile(path)) {
            throw Refused("$path cannot be read: ${if (Files.notExists(path)) "there is no such file" else "it is no regular file"}")
        }
        try {
            val bytes = Files.newInputStream(path).use { it.readNBytes(LARGEST + 1) }
            if (bytes.size > LARGEST) throw Refused("$path cannot be read: it has more than $LARGEST bytes")
            val text = Charsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).removePrefix(BYTE_ORDER_MARK)
            return text.lineSequence().first()
        } catch (_: CharacterCodingException) {
            throw Refused("$path cannot be read: it is not UTF-8")
        } catch (e: IOException) {
            throw Refused("$path cannot be read: $e", e)
        }
    }

    private companion object {
        const val LARGEST = 64 * 1024
        const val BYTE_ORDER_MARK = "\uFEFF"
    }
}

/** A value that cannot be; the message says why, or is null where it is enough to know what is allowed. */
@SettingsApi
public class Refused(why: String?, cause: Throwable? = null) : IllegalArgumentException(why, cause)

/** A value of a type that a setting never has. */
@SettingsApi
public class RefusedType : IllegalArgumentException()
