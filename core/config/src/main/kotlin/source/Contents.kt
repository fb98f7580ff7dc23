package io.hawser.config.source

import java.io.IOException
import java.nio.file.Files
import java.nio.file.Path
import java.security.MessageDigest
import java.util.HexFormat

/** What is in each of these files, as a digest; nothing where it cannot be read. */
internal fun Set<Path>.contents(): Map<Path, String> = associateWith { path ->
    try {
        HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(Files.newInputStream(path).use { it.readNBytes(LARGEST) }))
    } catch (_: IOException) {
        ""
    }
}

private const val LARGEST = 2 * 1024 * 1024
