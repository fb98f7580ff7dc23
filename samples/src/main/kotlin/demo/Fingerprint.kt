package io.hawser.samples.demo

import java.nio.ByteBuffer
import java.security.MessageDigest
import java.util.HexFormat
import java.util.zip.CRC32C

/** What is left of a stream of bytes that was too large to keep: enough to tell two apart, and where they part. */
internal class Fingerprint private constructor(val size: Long, val sha256: String, private val blocks: List<Int>) {
    override fun equals(other: Any?): Boolean = other is Fingerprint && size == other.size && sha256 == other.sha256

    override fun hashCode(): Int = sha256.hashCode()

    /** Says in words how [other] differs from this. */
    fun difference(other: Fingerprint): String {
        val lengths = "${other.size} bytes came back of $size"
        // The short block at the end of one would differ from a whole one without a wrong byte in it.
        val comparable = if (size == other.size) blocks.size else (minOf(size, other.size) / BLOCK).toInt()
        val block = (0 until comparable).indexOfFirst { blocks[it] != other.blocks[it] }
        if (block < 0) return lengths
        val from = block * BLOCK
        return "$lengths, the first wrong one at offset $from..${minOf(from + BLOCK, size) - 1}"
    }

    override fun toString(): String = "$size bytes, SHA-256 $sha256"

    /** Takes the bytes one buffer after the other. Not for several threads at once. */
    class Builder {
        private val digest = MessageDigest.getInstance("SHA-256")
        private val crc = CRC32C()
        private val blocks = mutableListOf<Int>()

        var size: Long = 0
            private set

        /** Consumes what remains in [bytes]. */
        fun add(bytes: ByteBuffer) {
            digest.update(bytes.duplicate())
            while (bytes.hasRemaining()) {
                val part = minOf(bytes.remaining().toLong(), BLOCK - size % BLOCK).toInt()
                crc.update(bytes.slice().limit(part))
                bytes.position(bytes.position() + part)
                size += part
                if (size % BLOCK == 0L) endBlock()
            }
        }

        /** To be called once. */
        fun build(): Fingerprint {
            if (size % BLOCK != 0L) endBlock()
            return Fingerprint(size, HexFormat.of().formatHex(digest.digest()), blocks.toList())
        }

        private fun endBlock() {
            blocks += crc.value.toInt()
            crc.reset()
        }
    }

    private companion object {
        const val BLOCK = 1L shl 20
    }
}
