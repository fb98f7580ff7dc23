package io.hawser.unix

import java.io.IOException
import java.nio.file.Files
import java.nio.file.Path
import org.slf4j.LoggerFactory

/**
 * A name for [target] that is short enough to be bound or connected to: a symbolic link in a folder that only its owner can go into. The
 * JDK takes a byte less than the system does. Blocks.
 */
internal class Shortcut(target: Path) : AutoCloseable {
    private val folder: Path = listOf(System.getProperty("java.io.tmpdir"), "/tmp")
        .map { Path.of(it).resolve(PrivateFolder.randomName()) }
        .firstOrNull { it.resolve("f/s").fits() }
        ?: throw IOException("no name for $target is short enough")

    val path: Path = folder.resolve("f")

    init {
        PrivateFolder.make(folder)
        try {
            Files.createSymbolicLink(path, target.toAbsolutePath())
        } catch (e: IOException) {
            close()
            throw e
        }
    }

    /** Fails in silence, because nobody but us is disturbed by what is left. */
    override fun close() {
        try {
            Files.deleteIfExists(path)
            Files.deleteIfExists(folder)
        } catch (e: IOException) {
            log.debug("a short name for a long one could not be removed: {}", path, e)
        }
    }

    private companion object {
        val log = LoggerFactory.getLogger(Shortcut::class.java)
    }
}

/** Whether the JDK binds or connects to this path. */
internal fun Path.fits(): Boolean = "$this".encodeToByteArray().size <= LONGEST_OF_JDK

private const val LONGEST_OF_JDK = 106
