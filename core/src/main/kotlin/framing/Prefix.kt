package io.hawser.framing

import java.nio.ByteBuffer
import java.nio.ByteOrder

/** How a number is written before a frame. */
internal sealed interface Prefix {
    /** The largest number it can say. */
    val max: Long

    /** How many bytes it says [number] in. */
    fun sizeOf(number: Long): Int

    /** How many bytes the prefix at the front of [bytes] has, or null while they are not all there. */
    fun sizeIn(bytes: ByteBuffer): Int?

    /** What is wrong with the [size] bytes at the front of [bytes], or null. */
    fun flaw(bytes: ByteBuffer, size: Int): String?

    /** The number that the [size] bytes at the front of [bytes] say. */
    fun read(bytes: ByteBuffer, size: Int): Long

    fun write(number: Long, target: ByteBuffer)

    /** Always [size] bytes. */
    data class Fixed(val size: Int, val order: ByteOrder) : Prefix {
        override val max: Long get() = (1L shl size * Byte.SIZE_BITS) - 1

        override fun sizeOf(number: Long): Int = size

        override fun sizeIn(bytes: ByteBuffer): Int? = size.takeIf { bytes.remaining() >= it }

        override fun flaw(bytes: ByteBuffer, size: Int): String? = null

        override fun read(bytes: ByteBuffer, size: Int): Long {
            var number = 0L
            for (i in 0 until size) number = number or (bytes.get(bytes.position() + i).toLong() and BYTE shl shift(i))
            return number
        }

        override fun write(number: Long, target: ByteBuffer) {
            for (i in 0 until size) target.put((number shr shift(i)).toByte())
        }

        override fun toString(): String = when {
            size == 1 -> "1 byte"
            order == ByteOrder.BIG_ENDIAN -> "$size bytes, big-endian"
            else -> "$size bytes, little-endian"
        }

        private fun shift(i: Int): Int = (if (order == ByteOrder.BIG_ENDIAN) size - 1 - i else i) * Byte.SIZE_BITS
    }

    /** Unsigned LEB128 of 32 bits: seven bits a byte, the lowest first, the eighth set in all but the last. */
    data object Varint : Prefix {
        private const val BITS = 7
        private const val LOW: Long = 0x7f
        private const val MAX_SIZE = 5

        override val max: Long get() = UInt.MAX_VALUE.toLong()

        override fun sizeOf(number: Long): Int = maxOf(1, (Long.SIZE_BITS - number.countLeadingZeroBits() + BITS - 1) / BITS)

        override fun sizeIn(bytes: ByteBuffer): Int? {
            for (i in 0 until minOf(MAX_SIZE, bytes.remaining())) {
                if (bytes.get(bytes.position() + i) >= 0 || i == MAX_SIZE - 1) return i + 1
            }
            return null
        }

        override fun flaw(bytes: ByteBuffer, size: Int): String? {
            val last = bytes.get(bytes.position() + size - 1)
            return when {
                last < 0 || read(bytes, size) > max -> "a varint of more than 32 bits"
                last == 0.toByte() && size > 1 -> "a varint that is longer than it need be"
                else -> null
            }
        }

        override fun read(bytes: ByteBuffer, size: Int): Long {
            var number = 0L
            for (i in 0 until size) number = number or (bytes.get(bytes.position() + i).toLong() and LOW shl i * BITS)
            return number
        }

        override fun write(number: Long, target: ByteBuffer) {
            var rest = number
            while (rest > LOW) {
                target.put((rest and LOW or (LOW + 1)).toByte())
                rest = rest shr BITS
            }
            target.put(rest.toByte())
        }

        override fun toString(): String = "varint"
    }

    private companion object {
        const val BYTE: Long = 0xff
    }
}
