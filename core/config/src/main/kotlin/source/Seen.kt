package io.hawser.config.source

import java.io.IOException
import java.nio.file.Files
import java.nio.file.Path
import java.security.MessageDigest
import java.util.HexFormat

/** The files that a configuration is read from, each with a digest of what was in it then, or just before. */
internal class Seen {
    private val found = linkedMapOf<Path, String>()
    private val latest = linkedSetOf<Path>()

    val all: Map<Path, String> get() = found.toMap()

    /** Takes note of [path], which is about to be read. */
    fun note(path: Path) {
        latest.add(path)
        found.getOrPut(path) { digestOf(path) }
    }

    /**
     * What is in [path].
     *
     * @throws IOException if it cannot be read, or is no regular file.
     */
    fun read(path: Path): ByteArray {
        // Kept if it cannot be read.
        found[path] = ""
        return contentOf(path).also { found[path] = digestOf(it) }
    }

    /** The files that [action] has taken note of. */
    fun during(action: () -> Unit): Set<Path> {
        latest.clear()
        action()
        return latest.toSet()
    }
}

/** What is in each of these files now, as a digest; nothing where it cannot be read. */
internal fun Set<Path>.contents(): Map<Path, String> = associateWith(::digestOf)

private fun digestOf(path: Path): String = try {
    digestOf(contentOf(path))
} catch (_: IOException) {
    ""
}

private fun digestOf(content: ByteArray): String = HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(content))

/** Not of a pipe or a device, which may never end, or never begin. */
private fun contentOf(path: Path): ByteArray {
    if (!Files.isRegularFile(path) && Files.exists(path)) throw IOException("it is no regular file")
    return Files.newInputStream(path).use { it.readNBytes(LARGEST) }
}

private const val LARGEST = 2 * 1024 * 1024
