package io.hawser.tls

import java.net.IDN
import java.net.InetAddress
import java.net.UnknownHostException
import java.security.cert.CertificateParsingException
import java.security.cert.X509Certificate
import javax.net.ssl.SNIHostName
import javax.net.ssl.SNIServerName

/** Who a client wants to talk to, and whose certificate it takes (RFC 9525): a [name] in DNS, or an [address] and no name. */
internal class ServerName private constructor(private val name: String, private val address: ByteArray?) {
    /**
     * What to ask the server for, or null for what RFC 6066 does not let one ask for: an address, or a name that no host has, as one with
     * an underscore. A server in Java ends the handshake when it is asked for such a name.
     */
    val sni: SNIServerName? = try {
        if (address == null) SNIHostName(name) else null
    } catch (_: IllegalArgumentException) {
        null
    }

    /** Whether it is an address, or a name that a host can have. */
    val isUsual: Boolean get() = address != null || sni != null

    /** Whether [certificate] was issued for this, by its subjectAltNames; who is its subject is of no account. */
    fun matches(certificate: X509Certificate): Boolean = certificate.alternativeNames().any { (type, presented) ->
        when (type) {
            DNS_NAME -> address == null && matches(presented.lowercase())
            IP_ADDRESS -> address != null && literal(presented).contentEquals(address)
            else -> false
        }
    }

    /** A wildcard stands for one whole label, and never for one that is followed by only one: nobody owns all of `*.com`. */
    private fun matches(presented: String): Boolean {
        if (!presented.startsWith(WILDCARD)) return presented == name
        val domain = presented.removePrefix(WILDCARD)
        return '.' in domain && '.' in name && name.substringAfter('.') == domain
    }

    override fun toString(): String = name

    companion object {
        private const val LONGEST_NAME = 253
        private const val LONGEST_LABEL = 63
        private const val LONGEST_TEXT = 1024
        private const val WILDCARD = "*."
        private const val DNS_NAME = 2
        private const val IP_ADDRESS = 7

        /** @throws IllegalArgumentException saying why, with [text] quoted, if it is neither a name nor an IPv4 or IPv6 address. */
        fun of(text: String): ServerName {
            fun refuse(why: String, cause: Throwable? = null): Nothing =
                throw IllegalArgumentException("$why: \"${text.take(LONGEST_TEXT)}\"", cause)

            if (text.length > LONGEST_TEXT) refuse("the name of a server has ${text.length} characters")
            if (':' in text) return ServerName(text, literal(text) ?: refuse("the name of a server is neither a name nor an IPv6 address"))
            val name = try {
                IDN.toASCII(text.removeSuffix(".")).lowercase()
            } catch (e: IllegalArgumentException) {
                refuse("the name of a server is none", e)
            }
            if (name.length > LONGEST_NAME) refuse("the name of a server has ${name.length} characters, over the limit of $LONGEST_NAME")
            val labels = name.split('.')
            when {
                labels.any { it.length !in 1..LONGEST_LABEL } ->
                    refuse("a part of the name of a server has not 1 to $LONGEST_LABEL characters")

                name.any { it !in 'a'..'z' && it !in '0'..'9' && it !in "-_" && it != '.' } -> refuse("the name of a server is none")
            }
            // There is no such domain of the top level, and some read it as an address of another form.
            if (labels.last().all { it in '0'..'9' }) {
                return ServerName(name, literal(name) ?: refuse("the name of a server is not an IPv4 address"))
            }
            return ServerName(name, address = null)
        }

        /** The names as a comparable whole, none if they cannot be read. */
        fun X509Certificate.alternativeNames(): Set<Pair<Int, String>> {
            val all = try {
                subjectAlternativeNames
            } catch (_: CertificateParsingException) {
                null
            } catch (_: RuntimeException) {
                null
            }
            return all.orEmpty().mapNotNullTo(LinkedHashSet()) { entry ->
                val type = entry.getOrNull(0) as? Int
                val name = entry.getOrNull(1) as? String
                if (type == null || name == null) null else type to name
            }
        }

        /** The bytes of the IPv4 or IPv6 address [text], or null; asks no name server. */
        private fun literal(text: String): ByteArray? = if (':' in text) ipv6(text) else ipv4(text)

        private fun ipv4(text: String): ByteArray? {
            val parts = text.split('.')
            return if (parts.size == 4 && parts.all(::isByte)) ByteArray(4) { parts[it].toInt().toByte() } else null
        }

        /** To some 010 is 8. */
        private fun isByte(text: String): Boolean =
            text.length in 1..3 && text.all { it in '0'..'9' } && text.toInt() <= 0xff && (text == "0" || text[0] != '0')

        /** The JDK takes for a name only what begins otherwise than with a colon or a digit. */
        private fun ipv6(text: String): ByteArray? = try {
            val isNumeric = text.first() != '.' && text.all { it in '0'..'9' || it in 'a'..'f' || it in 'A'..'F' || it == ':' || it == '.' }
            if (isNumeric) InetAddress.getByName(text).address else null
        } catch (_: UnknownHostException) {
            null
        }
    }
}
