package io.hawser.tls

import java.nio.ByteBuffer

/** One direction between two ends, and what somebody does to it. */
internal open class Line {
    val from = Lane { Int.MAX_VALUE }
    val to = Lane { Int.MAX_VALUE }

    /** How many bytes have been handed on. */
    var carried = 0
        private set

    /** Hands on what there is, and returns whether there was anything. */
    fun carry(): Boolean {
        val bytes = ByteArray(from.size)
        from.read(ByteBuffer.wrap(bytes))
        val changed = meddle(bytes)
        to.put(changed)
        carried += bytes.size
        return bytes.isNotEmpty()
    }

    /** What becomes of [bytes], which follow the [carried] ones. */
    protected open fun meddle(bytes: ByteArray): ByteArray = bytes
}

/** Ends after [length] bytes. */
internal class CutLine(private val length: Int) : Line() {
    override fun meddle(bytes: ByteArray): ByteArray {
        if (carried + bytes.size < length) return bytes
        to.ended = true
        return bytes.copyOf(maxOf(0, length - carried))
    }
}

/** Alters the byte at the offset [at] by [mask]. */
internal class AlteredLine(private val at: Int, private val mask: Int) : Line() {
    override fun meddle(bytes: ByteArray): ByteArray {
        val index = at - carried
        if (index in bytes.indices) bytes[index] = (bytes[index].toInt() xor mask).toByte()
        return bytes
    }

    override fun toString(): String = "byte $at altered by $mask"
}

/** Has [change] say what becomes of each record; ends send only whole ones. */
internal class RecordLine(private val change: (index: Int, record: ByteArray) -> List<ByteArray>) : Line() {
    var count = 0
        private set

    override fun meddle(bytes: ByteArray): ByteArray = recordsOf(bytes).flatMap { change(count++, it) }.fold(ByteArray(0), ByteArray::plus)
}

/** [bytes], which end with a record. */
internal fun recordsOf(bytes: ByteArray): List<ByteArray> = buildList {
    var start = 0
    while (start < bytes.size) {
        val end = start + Record.HEADER + (bytes[start + 3].toInt() and 0xff shl 8) + (bytes[start + 4].toInt() and 0xff)
        add(bytes.copyOfRange(start, end))
        start = end
    }
}

/** A record of TLS 1.2, as it is sent before anything is encrypted. */
internal fun record(type: Int, vararg content: Byte): ByteArray =
    byteArrayOf(type.toByte(), 3, 3, (content.size shr 8).toByte(), content.size.toByte()) + content

internal fun alert(level: Int, description: Int): ByteArray = record(Record.ALERT, level.toByte(), description.toByte())

/** The records that have the content of [whole], up to [at] and from there on. */
internal fun split(whole: ByteArray, at: Int): List<ByteArray> {
    val content = whole.copyOfRange(Record.HEADER, whole.size)
    val type = whole[0].toInt()
    return listOf(record(type, *content.copyOf(at)), record(type, *content.copyOfRange(at, content.size)))
}
