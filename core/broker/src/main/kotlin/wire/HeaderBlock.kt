package io.hawser.broker.wire

import io.hawser.Endpoint
import io.hawser.MalformedFrame
import java.nio.ByteBuffer

/** The headers of a request or a reply as they travel. The broker passes them on as they are; only who asks and who answers [read] them. */
internal class HeaderBlock private constructor(private val bytes: ByteBuffer) {
    val size: Int get() = bytes.remaining()

    /** What travels, for whoever only reads it. */
    fun asBuffer(): ByteBuffer = bytes.asReadOnlyBuffer()

    fun putInto(target: ByteBuffer) {
        target.put(bytes.duplicate())
    }

    /**
     * The headers by their names, in their order.
     *
     * @throws MalformedFrame if a name or value is no UTF-8, or a name is there twice. [peer] has sent them.
     */
    fun read(peer: Endpoint): Map<String, String> {
        val rest = bytes.slice()
        val count = rest.unsignedShort()
        return buildMap {
            repeat(count) {
                val name = rest.text(rest.unsignedByte(), peer)
                val value = rest.text(rest.unsignedShort(), peer)
                if (put(name, value) != null) throw MalformedFrame(peer, "the header $name twice")
            }
        }
    }

    private fun ByteBuffer.text(length: Int, peer: Endpoint): String {
        val text = slice(position(), length).utf8() ?: throw MalformedFrame(peer, "a header that is not UTF-8")
        position(position() + length)
        return text
    }

    companion object {
        private const val LONGEST_NAME = 0xff
        private const val LONGEST_VALUE = 0xffff
        private const val MOST = 0xffff

        /** No headers. */
        val EMPTY = HeaderBlock(ByteBuffer.allocate(Short.SIZE_BYTES))

        /** @throws IllegalArgumentException if there is no form for [headers]. */
        fun of(headers: Map<String, String>): HeaderBlock {
            if (headers.isEmpty()) return EMPTY
            require(headers.size <= MOST) { "${headers.size} headers, over $MOST" }
            val encoded = headers.map { (name, value) -> encode("the name", name) to encode("the value of $name", value) }
            val bytes = ByteBuffer.allocate(
                Short.SIZE_BYTES + encoded.sumOf { (name, value) ->
                    1 + name.size + Short.SIZE_BYTES + value.size
                },
            )
            bytes.putShort(headers.size.toShort())
            for ((name, value) in encoded) {
                require(name.isNotEmpty()) { "a header without a name" }
                require(name.size <= LONGEST_NAME) { "a header's name of ${name.size} bytes, over $LONGEST_NAME" }
                require(value.size <= LONGEST_VALUE) { "a header's value of ${value.size} bytes, over $LONGEST_VALUE" }
                bytes.put(name.size.toByte()).put(name).putShort(value.size.toShort()).put(value)
            }
            return HeaderBlock(bytes.flip())
        }

        /** What [payload] begins with, and moves behind it; null if it ends before, or a name is empty. */
        fun cut(payload: ByteBuffer): HeaderBlock? {
            val rest = payload.slice()
            if (rest.remaining() < Short.SIZE_BYTES) return null
            repeat(rest.unsignedShort()) {
                if (!rest.hasRemaining()) return null
                val name = rest.unsignedByte()
                if (name == 0 || rest.remaining() < name + Short.SIZE_BYTES) return null
                rest.position(rest.position() + name)
                val value = rest.unsignedShort()
                if (rest.remaining() < value) return null
                rest.position(rest.position() + value)
            }
            val block = HeaderBlock(payload.slice(payload.position(), rest.position()))
            payload.position(payload.position() + rest.position())
            return block
        }

        private fun encode(what: String, text: String): ByteArray = try {
            text.encodeToByteArray(throwOnInvalidSequence = true)
        } catch (e: CharacterCodingException) {
            throw IllegalArgumentException("$what of a header has half a surrogate pair", e)
        }

        private fun ByteBuffer.unsignedByte(): Int = get().toInt() and 0xff

        private fun ByteBuffer.unsignedShort(): Int = getShort().toInt() and 0xffff
    }
}
