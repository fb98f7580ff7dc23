package io.hawser.benchmarks.server

import java.nio.ByteBuffer
import java.util.concurrent.atomic.AtomicLong
import java.util.zip.CRC32
import kotlin.random.Random
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.flow

/** What is asked, over and over: [size] bytes in no order. */
internal class Question(val size: Int) {
    private val content = Random(1).nextBytes(minOf(size, PIECE))
    private val numbers = AtomicLong()

    /** All of it in one array, of which each is another one: in place of its first bytes it has its number, if there is room for that. */
    fun numbered(): ByteArray = content.copyOf().also {
        if (size >= Long.SIZE_BYTES) ByteBuffer.wrap(it).putLong(numbers.getAndIncrement())
    }

    /** All of it in one array, which is always the same. */
    val whole: ByteArray by lazy { ByteArray(size) { content[it % PIECE] } }

    /** All of it in pieces, which are always the same. */
    val pieces: Flow<ByteArray> = flow {
        repeat(size / PIECE) { emit(content) }
        if (size % PIECE > 0) emit(content.copyOf(size % PIECE))
    }

    /** Of all of it. */
    val digest: Digest by lazy {
        Digest().also { digest ->
            repeat(size / PIECE) { digest.take(content) }
            digest.take(content.copyOf(size % PIECE))
        }
    }
}

/** How many bytes there were, and whether they were those. */
internal class Digest {
    private val checksum = CRC32()
    private var length = 0L

    fun take(bytes: ByteArray): Unit = take(ByteBuffer.wrap(bytes))

    fun take(bytes: ByteBuffer) {
        length += bytes.remaining()
        checksum.update(bytes)
    }

    /** The length and the checksum, [SIZE] bytes together. */
    fun bytes(): ByteArray = ByteBuffer.allocate(SIZE).putLong(length).putLong(checksum.value).array()

    /** @throws IllegalStateException if it is not of the same bytes as that one is which is [told]. */
    fun requireSame(told: ByteArray): Unit = check(told.contentEquals(bytes())) { "what arrived is not what was sent: $this" }

    override fun toString(): String = "$length bytes with the checksum ${checksum.value}"

    companion object {
        const val SIZE: Int = 2 * Long.SIZE_BYTES
    }
}
