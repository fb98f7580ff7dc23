package io.hawser.tls

import java.security.GeneralSecurityException

internal const val DER_INTEGER = 0x02
internal const val DER_OCTETS = 0x04
internal const val DER_OID = 0x06
internal const val DER_SEQUENCE = 0x30

/** What makes PKCS#8 of the parameters that SEC1 has in a field of this tag. */
internal const val DER_FIELD_0 = 0xa0

internal class MalformedDer(message: String) : GeneralSecurityException(message)

/**
 * Reads the little DER that wraps a private key (X.690): one value after another, of [bytes] from [at] to [end].
 *
 * Each call throws [MalformedDer] for what is not there.
 */
internal class Der(private val bytes: ByteArray, private var at: Int = 0, private val end: Int = bytes.size) {
    fun isNext(tag: Int): Boolean = at < end && bytes[at].toInt() and 0xff == tag

    fun sequence(): Der = inside(DER_SEQUENCE)

    /** The values in the next one. */
    fun inside(tag: Int): Der {
        if (!isNext(tag)) malformed("no value of tag $tag")
        at++
        val length = length()
        if (length > end - at) malformed("$length bytes are announced, and ${end - at} are there")
        val content = Der(bytes, at, at + length)
        at += length
        return content
    }

    fun octets(): ByteArray = inside(DER_OCTETS).rest()

    fun rest(): ByteArray = bytes.copyOfRange(at, end)

    /** One that is not negative. */
    fun int(): Int {
        val content = inside(DER_INTEGER).rest()
        if (content.isEmpty() || content.size > Int.SIZE_BYTES || content[0] < 0) malformed("no number from 0 to ${Int.MAX_VALUE}")
        return content.fold(0) { number, byte -> number shl Byte.SIZE_BITS or (byte.toInt() and 0xff) }
    }

    /** With dots. */
    fun oid(): String {
        val arcs = ArrayList<Long>()
        var arc = 0L
        val content = inside(DER_OID).rest()
        for (byte in content) {
            if (arc > MAX_ARC || arcs.size > MAX_ARCS) malformed("an object identifier is too long")
            arc = arc shl ARC_BITS or (byte.toLong() and 0x7f)
            if (byte >= 0) {
                arcs += arc
                arc = 0
            }
        }
        if (content.isEmpty() || content.last() < 0) malformed("an object identifier has no end")
        val first = minOf(arcs[0] / FIRST_ARCS, 2)
        return (listOf(first, arcs[0] - first * FIRST_ARCS) + arcs.drop(1)).joinToString(".")
    }

    private fun length(): Int {
        val first = byte()
        if (first < LONG_FORM) return first
        val size = first - LONG_FORM
        if (size !in 1..MAX_LENGTH_BYTES) malformed("a length of $size bytes")
        return (1..size).fold(0) { length, _ -> length shl Byte.SIZE_BITS or byte() }
    }

    private fun byte(): Int {
        if (at == end) malformed("it is broken off")
        return bytes[at++].toInt() and 0xff
    }

    private fun malformed(why: String): Nothing = throw MalformedDer(why)

    private companion object {
        const val LONG_FORM = 0x80
        const val MAX_LENGTH_BYTES = 3
        const val ARC_BITS = 7
        const val FIRST_ARCS = 40L
        const val MAX_ARC = Long.MAX_VALUE shr ARC_BITS
        const val MAX_ARCS = 30
    }
}

/** One value, which [parts] are. */
internal fun derOf(tag: Int, vararg parts: ByteArray): ByteArray {
    val content = parts.fold(ByteArray(0), ByteArray::plus)
    val size = content.size
    val length = when {
        size < 0x80 -> listOf(size)
        size < 0x100 -> listOf(0x81, size)
        size < 0x10000 -> listOf(0x82, size shr 8, size)
        else -> listOf(0x83, size shr 16, size shr 8, size)
    }
    return byteArrayOf(tag.toByte()) + ByteArray(length.size) { length[it].toByte() } + content
}
