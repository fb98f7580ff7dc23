package io.hawser.messaging.wire

import java.nio.ByteBuffer

private const val BYTE = 0xffL
private const val SHORT = 0xffffL
private const val INT = 0xffff_ffffL

/** How many bytes [value] has in MessagePack. */
internal fun sizeOf(value: Any?): Long = when (value) {
    null, is Boolean -> 1
    is Long -> sizeOf(value)
    is Double -> 1L + Double.SIZE_BYTES
    is String -> utf8Length(value).let { it + headSize(it, Format.FIX_LENGTH, hasByteForm = true) }
    is ByteArray -> value.size + headSize(value.size.toLong(), fix = -1, hasByteForm = true)
    is FrozenList -> value.raw.fold(collectionHeadSize(value.raw.size)) { size, item -> size + sizeOf(item) }
    is FrozenMap -> value.raw.entries.fold(collectionHeadSize(value.raw.size)) { size, (key, one) -> size + sizeOf(key) + sizeOf(one) }
    else -> error("no value: $value")
}

private fun sizeOf(number: Long): Long = 1 + when {
    number >= 0 -> when {
        number <= Format.POSITIVE_FIXINT_MAX -> 0
        number <= BYTE -> 1
        number <= SHORT -> Short.SIZE_BYTES.toLong()
        number <= INT -> Int.SIZE_BYTES.toLong()
        else -> Long.SIZE_BYTES.toLong()
    }

    number >= NEGATIVE_FIXINT_MIN -> 0

    number >= Byte.MIN_VALUE -> 1

    number >= Short.MIN_VALUE -> Short.SIZE_BYTES.toLong()

    number >= Int.MIN_VALUE -> Int.SIZE_BYTES.toLong()

    else -> Long.SIZE_BYTES.toLong()
}

private fun collectionHeadSize(count: Int): Long = headSize(count.toLong(), Format.FIX_COUNT, hasByteForm = false)

private fun headSize(length: Long, fix: Int, hasByteForm: Boolean): Long = 1 + when {
    length <= fix -> 0
    hasByteForm && length <= BYTE -> 1
    length <= SHORT -> Short.SIZE_BYTES.toLong()
    else -> Int.SIZE_BYTES.toLong()
}

/** Of text without halves of surrogate pairs. */
private fun utf8Length(text: String): Long {
    var length = text.length.toLong()
    for (c in text) {
        // A pair is two characters and four bytes.
        if (c >= '\u0800' && !c.isSurrogate()) {
            length += 2
        } else if (c >= '\u0080') {
            length++
        }
    }
    return length
}

private const val NEGATIVE_FIXINT_MIN = -32L

/** Writes MessagePack to [target], which has room for it, with each value in its shortest form. Doubles stay doubles. */
internal class ValueWriter(private val target: ByteBuffer) {
    fun write(value: Any?) {
        when (value) {
            null -> format(Format.NIL)

            is Boolean -> format(if (value) Format.TRUE else Format.FALSE)

            is Long -> write(value)

            is Double -> format(Format.FLOAT64).putDouble(value)

            is String -> write(value)

            is ByteArray -> write(value)

            is FrozenList -> {
                collection(value.raw.size, Format.FIXARRAY, Format.ARRAY16)
                for (item in value.raw) write(item)
            }

            is FrozenMap -> {
                collection(value.raw.size, Format.FIXMAP, Format.MAP16)
                for ((key, one) in value.raw) {
                    write(key)
                    write(one)
                }
            }

            else -> error("no value: $value")
        }
    }

    private fun write(number: Long) {
        when {
            number in NEGATIVE_FIXINT_MIN..Format.POSITIVE_FIXINT_MAX -> format(number.toInt())
            number in 0..BYTE -> format(Format.UINT8).put(number.toByte())
            number in 0..SHORT -> format(Format.UINT16).putShort(number.toShort())
            number in 0..INT -> format(Format.UINT32).putInt(number.toInt())
            number > 0 -> format(Format.UINT64).putLong(number)
            number >= Byte.MIN_VALUE -> format(Format.INT8).put(number.toByte())
            number >= Short.MIN_VALUE -> format(Format.INT16).putShort(number.toShort())
            number >= Int.MIN_VALUE -> format(Format.INT32).putInt(number.toInt())
            else -> format(Format.INT64).putLong(number)
        }
    }

    private fun write(text: String) {
        val bytes = text.toByteArray()
        if (bytes.size <= Format.FIX_LENGTH) format(Format.FIXSTR or bytes.size) else length(bytes.size, Format.STR8)
        target.put(bytes)
    }

    private fun write(bytes: ByteArray) {
        length(bytes.size, Format.BIN8)
        target.put(bytes)
    }

    /** A length in as few bytes as it takes; the formats for 1, 2 and 4 come one behind the other from [first]. */
    private fun length(length: Int, first: Int) {
        when {
            length <= BYTE -> format(first).put(length.toByte())
            length <= SHORT -> format(first + 1).putShort(length.toShort())
            else -> format(first + 2).putInt(length)
        }
    }

    private fun collection(count: Int, fix: Int, first: Int) {
        when {
            count <= Format.FIX_COUNT -> format(fix or count)
            count <= SHORT -> format(first).putShort(count.toShort())
            else -> format(first + 1).putInt(count)
        }
    }

    private fun format(format: Int): ByteBuffer = target.put(format.toByte())
}
