package io.hawser.messaging.named

import io.hawser.Endpoint
import java.io.IOException
import java.nio.ByteBuffer
import java.nio.channels.Channels
import java.nio.channels.FileChannel
import java.nio.file.Files
import java.nio.file.LinkOption.NOFOLLOW_LINKS
import java.nio.file.Path
import java.nio.file.StandardOpenOption.CREATE
import java.nio.file.StandardOpenOption.READ
import java.nio.file.StandardOpenOption.WRITE

/**
 * Where a hub listens, in a file: the endpoint and a line feed. While the hub is there, its process has a lock on the byte [ALIVE], which
 * the system takes away however the process ends; so what a dead one has left is told from what a living one says. Who looks for that
 * lock, or takes it, has one on the byte [LOOKING] meanwhile, so that nobody takes a look for a hub.
 *
 * The file stays, and is empty then: to delete it would delete what somebody else has just locked.
 *
 * A process loses its locks on a file when it closes the file anywhere, so this one never opens what it holds, and all of it happens
 * under one monitor. Waits for the file system.
 */
internal class Announcement private constructor(private val path: Path, private val channel: FileChannel) : AutoCloseable {
    private var endpoint: Endpoint? = null

    /** Says that the hub listens on [endpoint]. */
    fun publish(endpoint: Endpoint): Unit = synchronized(held) {
        if (held[path] !== this) return
        this.endpoint = endpoint
        val line = ByteBuffer.wrap("$endpoint\n".encodeToByteArray())
        channel.truncate(0)
        while (line.hasRemaining()) channel.write(line, line.position().toLong())
    }

    /** Takes it back. Idempotent. */
    override fun close(): Unit = synchronized(held) {
        if (!held.remove(path, this)) return
        try {
            channel.use { it.truncate(0) }
        } catch (_: IOException) {
            // The lock is gone, and that says the same.
        }
    }

    companion object {
        /** Beyond whatever is written, because some systems let nobody read what is locked. */
        private const val LOOKING = 1L shl 62
        private const val ALIVE = LOOKING + 1
        private const val LONGEST = 1024

        /** What this process has announced, by the real path of its file. */
        private val held = HashMap<Path, Announcement>()

        /**
         * Takes the file at [path], which is made if it is not there, before anything is said in it. Null if another hub has it.
         *
         * @throws IOException if it cannot be written.
         */
        fun claim(path: Path): Announcement? = synchronized(held) {
            val real = path.real()
            if (real in held) return null
            val channel = FileChannel.open(real, CREATE, READ, WRITE, NOFOLLOW_LINKS)
            var announcement: Announcement? = null
            try {
                val isOurs = channel.lock(LOOKING, 1, false).use { channel.tryLock(ALIVE, 1, false) } != null
                if (isOurs) announcement = Announcement(real, channel).also { held[real] = it }
            } finally {
                if (announcement == null) channel.close()
            }
            announcement
        }

        /**
         * What the hub says that has the file at [path]; null if there is none, or it does not listen yet.
         *
         * @throws IOException if the file cannot be read, or says something else.
         */
        fun find(path: Path): Endpoint? = synchronized(held) {
            val real = path.real()
            held[real]?.let { return it.endpoint }
            if (!Files.exists(real)) return null
            FileChannel.open(real, READ, NOFOLLOW_LINKS).use { channel ->
                val isAlive = channel.lock(LOOKING, 1, true).use { channel.tryLock(ALIVE, 1, true) }?.use { false } ?: true
                if (isAlive) endpoint(channel, path) else null
            }
        }

        private fun endpoint(channel: FileChannel, path: Path): Endpoint? {
            val text = Channels.newInputStream(channel).readNBytes(LONGEST).decodeToString().trim()
            if (text.isEmpty()) return null
            try {
                return Endpoint.parse(text)
            } catch (e: IllegalArgumentException) {
                throw IOException("$path names no endpoint: ${e.message}", e)
            }
        }

        private fun Path.real(): Path = parent.toRealPath().resolve(fileName)
    }
}
