package io.hawser

import io.hawser.engine.literalAddress
import java.net.InetAddress

/** A block of internet addresses: those whose first [bits] bits are those of [prefix]. */
internal class Cidr private constructor(private val prefix: InetAddress, private val bits: Int) {
    private val bytes = prefix.address

    /** For [InetAddress.getAddress], in which the JDK has made an IPv4 address of a mapped one. */
    operator fun contains(address: ByteArray): Boolean {
        if (address.size != bytes.size) return false
        for (i in 0 until bits / Byte.SIZE_BITS) if (address[i] != bytes[i]) return false
        val rest = bits % Byte.SIZE_BITS
        if (rest == 0) return true
        val difference = bytes[bits / Byte.SIZE_BITS].toInt() xor address[bits / Byte.SIZE_BITS].toInt()
        return difference and 0xff shr (Byte.SIZE_BITS - rest) == 0
    }

    override fun toString(): String = "${prefix.hostAddress}/$bits"

    companion object {
        private const val MAPPED_BITS = 96

        /** @throws IllegalArgumentException with [text] quoted. */
        fun parse(text: String): Cidr {
            fun refuse(why: String): Nothing = throw IllegalArgumentException("$why: \"$text\"")

            val literal = text.substringBefore('/')
            val address = literalAddress(literal) ?: refuse("\"$literal\" is not an IPv4 or IPv6 address")
            val longest = address.address.size * Byte.SIZE_BITS
            if ('/' !in text) return Cidr(address, longest)
            val length = text.substringAfter('/')
            val number = length.takeIf { it.length in 1..3 && it.all { c -> c in '0'..'9' } }?.toInt()
                ?: refuse("\"$length\" is not the length of a prefix")
            // A mapped block is a block of IPv4 addresses.
            val least = if (':' in literal && longest == Int.SIZE_BITS) MAPPED_BITS else 0
            val bits = number - least
            if (bits !in 0..longest) refuse("a prefix of $number bits is not in $least..${least + longest}")
            val block = Cidr(address, bits)
            if (!block.isClean()) refuse("there are bits set behind the prefix of $number bits")
            return block
        }
    }

    private fun isClean(): Boolean = (bits until bytes.size * Byte.SIZE_BITS).none { bit ->
        bytes[bit / Byte.SIZE_BITS].toInt() and (0x80 shr bit % Byte.SIZE_BITS) != 0
    }
}
