package io.hawser.messaging.named

import io.hawser.Endpoint
import java.io.IOException
import java.nio.channels.FileChannel
import java.nio.channels.OverlappingFileLockException
import java.nio.file.Files
import java.nio.file.LinkOption.NOFOLLOW_LINKS
import java.nio.file.Path
import java.nio.file.StandardOpenOption.CREATE
import java.nio.file.StandardOpenOption.CREATE_NEW
import java.nio.file.StandardOpenOption.WRITE

/**
 * Where a hub listens, in a file: the endpoint and a line feed. There is one hub to a file, for it has a lock on another one beside it,
 * which the system takes away however the hub's process ends; a process loses its locks on a file when it closes the file anywhere, so
 * only hubs ever open that one, and it stays.
 *
 * What a killed hub has said stays until the next one: who connects there sees by the answer whether it is still true.
 */
internal class Announcement private constructor(
    private val file: Path,
    private val key: Path,
    private val lock: FileChannel,
) : AutoCloseable {
    /** Says that the hub listens on [endpoint]. */
    fun publish(endpoint: Endpoint) {
        // Not written through, whatever it is.
        Files.deleteIfExists(file)
        Files.writeString(file, "$endpoint\n", CREATE_NEW, WRITE)
    }

    /** Takes it back. Idempotent. */
    override fun close(): Unit = synchronized(held) {
        if (!held.remove(key)) return
        try {
            lock.use { Files.deleteIfExists(file) }
        } catch (_: IOException) {
            // Nobody answers there, which says the same.
        }
    }

    companion object {
        private const val LONGEST = 1024

        /** The locks of this process, by their real paths. */
        private val held = HashSet<Path>()

        /**
         * Takes the file that [event] has in [folder]; what it says is gone then. Null if another hub has it.
         *
         * @throws IOException if it cannot be taken.
         */
        fun claim(folder: HubFolder, event: String): Announcement? = synchronized(held) {
            val file = folder.announcement(event)
            val lockFile = folder.lock(event)
            val key = lockFile.parent.toRealPath().resolve(lockFile.fileName)
            if (key in held) return null
            requireRegular(lockFile)
            val lock = FileChannel.open(lockFile, CREATE, WRITE, NOFOLLOW_LINKS)
            try {
                if (lock.tryLock() == null) return null
                Files.deleteIfExists(file)
                held.add(key)
                return Announcement(file, key, lock)
            } catch (_: OverlappingFileLockException) {
                // By another name, or another copy of this class.
                return null
            } finally {
                if (key !in held) lock.close()
            }
        }

        /**
         * What the last hub of [event] in [folder] said; null if it has taken it back, or has not said it yet.
         *
         * @throws IOException if the file cannot be read, or says something else.
         */
        fun find(folder: HubFolder, event: String): Endpoint? {
            val file = folder.announcement(event)
            if (!requireRegular(file)) return null
            val text = Files.newInputStream(file, NOFOLLOW_LINKS).use { it.readNBytes(LONGEST) }.decodeToString()
            if (!text.endsWith('\n')) return null
            val endpoint = try {
                Endpoint.parse(text.trimEnd())
            } catch (e: IllegalArgumentException) {
                throw IOException("$file names no endpoint: ${e.message}", e)
            }
            if (endpoint !is Endpoint.Inet || endpoint.scheme !in schemes || endpoint.host == "*" || endpoint.port == 0) {
                throw IOException("$file names none to connect to: $endpoint")
            }
            return endpoint
        }

        private val schemes = setOf("tcp", "tcp4", "tcp6")

        /** Whether there is a file; a link, a pipe or whatever else is none, and is not to be opened. */
        private fun requireRegular(file: Path): Boolean {
            if (!Files.exists(file, NOFOLLOW_LINKS)) return false
            if (!Files.isRegularFile(file, NOFOLLOW_LINKS)) throw IOException("$file is no regular file")
            return true
        }
    }
}
