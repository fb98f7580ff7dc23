package io.hawser.testkit.certificates

import java.net.IDN
import java.net.InetAddress
import java.net.UnknownHostException
import org.bouncycastle.asn1.DEROctetString
import org.bouncycastle.asn1.x509.GeneralName

/** One name that a certificate is for, with what stands for it as a common name. */
internal class SubjectName private constructor(private val text: String, val alternative: GeneralName) {
    /** Null if it is too long for one. */
    val commonName: String? get() = text.takeIf { it.length <= LONGEST_COMMON_NAME }

    companion object {
        private const val LONGEST_NAME = 253
        private const val WILDCARD = "*."
        private val ipv4 = "(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])".let { Regex("$it(\\.$it){3}") }
        private val ipv6 = Regex("[0-9a-fA-F:.]+")
        private val label = Regex("[a-zA-Z0-9_]([a-zA-Z0-9_-]{0,61}[a-zA-Z0-9_])?")

        /** @throws IllegalArgumentException if [name] is neither an IP address nor a DNS name; asks no name server. */
        fun of(name: String): SubjectName = when {
            name.isEmpty() -> throw IllegalArgumentException("an empty name")
            ':' in name -> address(name, "IPv6", ipv6)
            name.all { it in '0'..'9' || it == '.' } -> address(name, "IPv4", ipv4)
            else -> dns(name)
        }

        private fun address(name: String, kind: String, form: Regex): SubjectName {
            require(form.matches(name)) { "not an $kind address: \"$name\"" }
            try {
                return SubjectName(name, GeneralName(GeneralName.iPAddress, DEROctetString(InetAddress.getByName(name).address)))
            } catch (e: UnknownHostException) {
                throw IllegalArgumentException("not an $kind address: \"$name\"", e)
            }
        }

        private fun dns(name: String): SubjectName {
            val ascii = try {
                IDN.toASCII(name)
            } catch (e: IllegalArgumentException) {
                throw IllegalArgumentException("not a DNS name: \"$name\" (${e.message})", e)
            }
            require(ascii.length <= LONGEST_NAME && ascii.removePrefix(WILDCARD).split('.').all(label::matches)) {
                "not a DNS name: \"$name\""
            }
            return SubjectName(ascii, GeneralName(GeneralName.dNSName, ascii))
        }
    }
}

/** RFC 5280, `ub-common-name`. */
private const val LONGEST_COMMON_NAME = 64

internal fun requireCommonName(name: String) {
    require(name.isNotBlank() && name.none(Char::isISOControl)) { "not a common name: \"$name\"" }
    require(name.length <= LONGEST_COMMON_NAME) {
        "common name \"$name\" has ${name.length} characters, over the limit of $LONGEST_COMMON_NAME"
    }
}
