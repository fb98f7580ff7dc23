package io.hawser.tls

import java.security.MessageDigest
import java.security.cert.X509Certificate
import java.util.Base64

/** Public keys by their hash (RFC 7469, section 2.4). */
internal object Pins {
    private const val PREFIX = "sha256/"
    private const val SIZE = 32

    fun of(certificate: X509Certificate): String =
        PREFIX + Base64.getEncoder().encodeToString(MessageDigest.getInstance("SHA-256").digest(certificate.publicKey.encoded))

    /** @throws InvalidTlsConfiguration if [pin] is none. */
    fun checked(pin: String): String {
        val hash = try {
            if (pin.startsWith(PREFIX)) Base64.getDecoder().decode(pin.removePrefix(PREFIX)) else null
        } catch (_: IllegalArgumentException) {
            null
        }
        if (hash?.size != SIZE) throw InvalidTlsConfiguration("\"$pin\" is no pin: sha256/ and $SIZE bytes in Base64")
        return PREFIX + Base64.getEncoder().encodeToString(hash)
    }
}
