package io.hawser.messaging.wire

import io.hawser.messaging.wire.Format.ARRAY16
import io.hawser.messaging.wire.Format.ARRAY32
import io.hawser.messaging.wire.Format.BIN16
import io.hawser.messaging.wire.Format.BIN32
import io.hawser.messaging.wire.Format.BIN8
import io.hawser.messaging.wire.Format.FALSE
import io.hawser.messaging.wire.Format.FIXARRAY_MAX
import io.hawser.messaging.wire.Format.FIXMAP_MAX
import io.hawser.messaging.wire.Format.FIXSTR_MAX
import io.hawser.messaging.wire.Format.FIX_COUNT
import io.hawser.messaging.wire.Format.FIX_LENGTH
import io.hawser.messaging.wire.Format.FLOAT32
import io.hawser.messaging.wire.Format.FLOAT64
import io.hawser.messaging.wire.Format.INT16
import io.hawser.messaging.wire.Format.INT32
import io.hawser.messaging.wire.Format.INT64
import io.hawser.messaging.wire.Format.INT8
import io.hawser.messaging.wire.Format.MAP16
import io.hawser.messaging.wire.Format.MAP32
import io.hawser.messaging.wire.Format.NEGATIVE_FIXINT
import io.hawser.messaging.wire.Format.NEVER_USED
import io.hawser.messaging.wire.Format.NIL
import io.hawser.messaging.wire.Format.POSITIVE_FIXINT_MAX
import io.hawser.messaging.wire.Format.STR16
import io.hawser.messaging.wire.Format.STR32
import io.hawser.messaging.wire.Format.STR8
import io.hawser.messaging.wire.Format.TRUE
import io.hawser.messaging.wire.Format.UINT16
import io.hawser.messaging.wire.Format.UINT32
import io.hawser.messaging.wire.Format.UINT64
import io.hawser.messaging.wire.Format.UINT8
import java.nio.ByteBuffer
import java.nio.charset.CharacterCodingException

/**
 * Reads MessagePack that a peer sent from [bytes], a big-endian slice with nothing else in it.
 *
 * It is not msgpack-core's: that reads memory through sun.misc.Unsafe, of which newer JDKs warn and which the next ones refuse, and
 * fails with an Error on memory outside the heap, where a connection's buffers are; nor does it know of the sizes below.
 *
 * What a collection or text says of its size is held to the bytes that are left for it, less one for each value that the collections
 * around it still have to come: so all that they reserve together is in proportion to the frame, however they are nested.
 */
internal class ValueReader(private val bytes: ByteBuffer) {
    /** How many values have been read. */
    var values = 0
        private set

    /** How many values are still to come of the collections that have begun. Each has a byte at least. */
    private var owed = 0L

    /**
     * The value that the bytes are.
     *
     * @throws Flaw if they are anything else.
     */
    fun whole(): Any? {
        val value = value(depth = 0)
        if (bytes.hasRemaining()) throw Flaw("${bytes.remaining()} bytes behind the end", bytes.position())
        return value
    }

    private fun value(depth: Int): Any? {
        values++
        val at = bytes.position()
        val format = unsigned(1, at).toInt()
        return when {
            format <= POSITIVE_FIXINT_MAX -> format.toLong()
            format <= FIXMAP_MAX -> map(at, (format and FIX_COUNT).toLong(), depth + 1)
            format <= FIXARRAY_MAX -> list(at, (format and FIX_COUNT).toLong(), depth + 1)
            format <= FIXSTR_MAX -> text(at, (format and FIX_LENGTH).toLong())
            format >= NEGATIVE_FIXINT -> format.toByte().toLong()
            else -> longer(at, format, depth)
        }
    }

    private fun longer(at: Int, format: Int, depth: Int): Any? = when (format) {
        NIL -> null

        FALSE -> false

        TRUE -> true

        BIN8, BIN16, BIN32 -> binary(at, sized(format - BIN8, at))

        FLOAT32 -> Float.fromBits(unsigned(Int.SIZE_BYTES, at).toInt()).toDouble()

        FLOAT64 -> Double.fromBits(signed(Long.SIZE_BYTES, at))

        UINT8, UINT16, UINT32 -> sized(format - UINT8, at)

        UINT64 -> signed(Long.SIZE_BYTES, at).also {
            if (it < 0) throw Flaw("the integer ${it.toULong()}, over ${Long.MAX_VALUE}", at)
        }

        INT8, INT16, INT32, INT64 -> signed(1 shl format - INT8, at)

        STR8, STR16, STR32 -> text(at, sized(format - STR8, at))

        ARRAY16, ARRAY32 -> list(at, sized(format - ARRAY16 + 1, at), depth + 1)

        MAP16, MAP32 -> map(at, sized(format - MAP16 + 1, at), depth + 1)

        NEVER_USED -> throw Flaw("0xc1, which is no value", at)

        else -> throw Flaw("an extension type", at)
    }

    private fun list(at: Int, count: Long, depth: Int): FrozenList {
        open(at, count, depth) { "an array of $count values" }
        if (count == 0L) return FrozenList.EMPTY
        val items = arrayOfNulls<Any?>(count.toInt())
        for (i in items.indices) {
            owed--
            try {
                items[i] = value(depth)
            } catch (e: Flaw) {
                throw e.inside(i)
            }
        }
        return FrozenList(items)
    }

    private fun map(at: Int, count: Long, depth: Int): FrozenMap {
        open(at, 2 * count, depth) { "a map of $count keys" }
        if (count == 0L) return FrozenMap.EMPTY
        val fields = LinkedHashMap<String, Any?>(capacityFor(count.toInt()))
        for (i in 0 until count.toInt()) {
            owed--
            val keyAt = bytes.position()
            val key = key(depth)
            if (key in fields) throw Flaw("the key ${key.quoted()} once more", keyAt)
            owed--
            try {
                fields[key] = value(depth)
            } catch (e: Flaw) {
                throw e.inside(key)
            }
        }
        return FrozenMap(fields)
    }

    private fun key(depth: Int): String {
        val at = bytes.position()
        val key = value(depth)
        return key as? String ?: throw Flaw("a key that is ${key.kind}, not a string", at)
    }

    /** Begins a collection of so many [values], if there can be as many, and at that depth. */
    private inline fun open(at: Int, values: Long, depth: Int, claim: () -> String) {
        if (depth > MAX_DEPTH + 1) throw Flaw("more than $MAX_DEPTH arrays and maps inside each other", at)
        if (values > left) throw Flaw("${claim()}, with $left bytes left for them", at)
        owed += values
    }

    private fun text(at: Int, length: Long): String {
        if (length > left) throw Flaw("a string of $length bytes, with $left left for it", at)
        val start = bytes.position()
        val text = if (bytes.hasArray()) {
            String(bytes.array(), bytes.arrayOffset() + start, length.toInt(), Charsets.UTF_8)
        } else {
            String(ByteArray(length.toInt()).also { bytes.get(start, it) }, Charsets.UTF_8)
        }
        // What is no UTF-8 leaves at least one of these.
        if (REPLACEMENT in text) requireUtf8(at, start, length.toInt())
        bytes.position(start + length.toInt())
        return text
    }

    private fun requireUtf8(at: Int, start: Int, length: Int) {
        try {
            Charsets.UTF_8.newDecoder().decode(bytes.slice(start, length))
        } catch (_: CharacterCodingException) {
            throw Flaw("a string that is not UTF-8", at)
        }
    }

    private fun binary(at: Int, length: Long): ByteArray {
        if (length > left) throw Flaw("binary of $length bytes, with $left left for it", at)
        return ByteArray(length.toInt()).also { bytes.get(it) }
    }

    /** A number of 1, 2 or 4 bytes: 2 to the power of [exponent]. */
    private fun sized(exponent: Int, at: Int): Long = unsigned(1 shl exponent, at)

    private fun unsigned(size: Int, at: Int): Long = signed(size, at) and (1L shl size * Byte.SIZE_BITS) - 1

    /** The next [size] bytes of the value that begins [at] a byte. */
    private fun signed(size: Int, at: Int): Long {
        if (bytes.remaining() < size) throw Flaw("the end, ${if (bytes.position() == at) "in place" else "inside"} of a value", at)
        return when (size) {
            1 -> bytes.get().toLong()
            Short.SIZE_BYTES -> bytes.getShort().toLong()
            Int.SIZE_BYTES -> bytes.getInt().toLong()
            else -> bytes.getLong()
        }
    }

    private val left: Long get() = maxOf(bytes.remaining() - owed, 0)

    private companion object {
        const val REPLACEMENT = '\uFFFD'
    }
}
