package io.hawser.tls

import java.nio.file.AccessDeniedException
import java.nio.file.Files
import java.nio.file.NoSuchFileException
import java.nio.file.Path

/** More than all authorities of a browser need. */
private const val LARGEST = 1 shl 20

/**
 * All bytes of [file], read in the caller's thread.
 *
 * @throws InvalidTlsConfiguration if it cannot be read, is over 1 MiB, or is no file: reading a pipe might take for ever.
 */
internal fun contentOf(file: Path): ByteArray {
    val content = reading({ invalid(file, whyUnreadable(it), it) }) {
        when {
            Files.isDirectory(file) -> throw invalid(file, "is a folder, where a file is expected")
            Files.exists(file) && !Files.isRegularFile(file) -> throw invalid(file, "is no regular file")
            else -> Files.newInputStream(file).use { it.readNBytes(LARGEST + 1) }
        }
    }
    if (content.size > LARGEST) throw invalid(file, "has more than $LARGEST bytes, which no key and no certificates have")
    return content
}

internal fun whyUnreadable(failure: Exception): String = when (failure) {
    is NoSuchFileException -> "there is no such file"
    is AccessDeniedException -> "the system does not allow to read it"
    else -> "cannot be read: ${failure.words}"
}
