package io.hawser.samples.demo

import java.io.IOException
import java.nio.ByteBuffer
import java.nio.channels.FileChannel
import java.nio.file.Files
import java.nio.file.Path
import java.util.concurrent.atomic.AtomicLong
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.ensureActive
import kotlinx.coroutines.withContext

internal const val CHUNK: Int = 256 * 1024

/** @throws FileUnusable unless [file] is one with something in it that can be read. */
internal fun sizeOf(file: Path): Long {
    val why = when {
        Files.notExists(file) -> "there is no such file"
        Files.isDirectory(file) -> "it is a directory"
        !Files.isRegularFile(file) -> "it is not a regular file"
        !Files.isReadable(file) -> "it may not be read"
        Files.size(file) == 0L -> "it is empty"
        else -> return Files.size(file)
    }
    throw FileUnusable(file, why)
}

/** Reads [file] on a thread that may wait for the disk, counting bytes in [read]. */
internal suspend fun fingerprintOf(file: Path, read: AtomicLong): Fingerprint = withContext(Dispatchers.IO) {
    val fingerprint = Fingerprint.Builder()
    val buffer = ByteBuffer.allocate(CHUNK)
    try {
        FileChannel.open(file).use { channel ->
            while (channel.read(buffer.clear()) >= 0) {
                ensureActive()
                fingerprint.add(buffer.flip())
                read.set(fingerprint.size)
            }
        }
    } catch (e: IOException) {
        throw FileUnusable(file, e.message ?: e.javaClass.simpleName, e)
    }
    fingerprint.build()
}
