package io.hawser.tls

import java.nio.file.Path
import java.security.GeneralSecurityException
import javax.crypto.BadPaddingException
import javax.crypto.Cipher
import javax.crypto.SecretKey
import javax.crypto.SecretKeyFactory
import javax.crypto.spec.IvParameterSpec
import javax.crypto.spec.PBEKeySpec
import javax.crypto.spec.PBEParameterSpec
import javax.crypto.spec.SecretKeySpec

private const val PBES2 = "1.2.840.113549.1.5.13"
private const val PBKDF2 = "1.2.840.113549.1.5.12"
private const val SCRYPT = "1.3.6.1.4.1.11591.4.11"
private const val SHA1_WITH_TRIPLE_DES = "1.2.840.113549.1.12.1.3"

/** As many as the JDK accepts of a key store; they take seconds. */
private const val MOST_ITERATIONS = 5_000_000

private val hashes = mapOf(
    "1.2.840.113549.2.7" to "SHA1",
    "1.2.840.113549.2.8" to "SHA224",
    "1.2.840.113549.2.9" to "SHA256",
    "1.2.840.113549.2.10" to "SHA384",
    "1.2.840.113549.2.11" to "SHA512",
)

private enum class BlockCipher(val oid: String, val algorithm: String, val keyBits: Int) {
    Aes128("2.16.840.1.101.3.4.1.2", "AES", 128),
    Aes192("2.16.840.1.101.3.4.1.22", "AES", 192),
    Aes256("2.16.840.1.101.3.4.1.42", "AES", 256),
    TripleDes("1.2.840.113549.3.7", "DESede", 192),
}

/**
 * The PKCS#8 in an EncryptedPrivateKeyInfo (RFC 5958, RFC 8018): PBES2 as OpenSSL writes it, or the triple DES of PKCS#12.
 *
 * The JDK's own way would take no AES-192, and no password that is not ASCII.
 *
 * @throws InvalidTlsConfiguration if there is no [password], or it is the wrong one, or the key is encrypted in another way.
 */
internal fun decryptedKey(encrypted: ByteArray, file: Path, password: CharArray?): ByteArray {
    if (password == null) throw invalid(file, "its private key is encrypted, and no password is given")
    fun wrong(e: Exception) = invalid(file, "the password for its private key is wrong, or the key is damaged", e)
    fun unreadable(e: Exception) =
        if (e is BadPaddingException) wrong(e) else invalid(file, "its encrypted private key cannot be read: ${e.words}", e)
    val key = reading(::unreadable) {
        val info = Der(encrypted).sequence()
        decrypt(info.sequence(), info.octets(), password)
    }
    // One wrong password of 256 ends in a padding that looks right.
    reading(::wrong) { algorithmOfPkcs8(key) }
    return key
}

private fun decrypt(algorithm: Der, encrypted: ByteArray, password: CharArray): ByteArray = when (val scheme = algorithm.oid()) {
    PBES2 -> {
        val parameters = algorithm.sequence()
        val derivation = parameters.sequence()
        val encryption = parameters.sequence()
        val cipher = encryption.oid().let { oid -> BlockCipher.entries.find { it.oid == oid } ?: unsupported("the cipher $oid") }
        val key = SecretKeySpec(pbkdf2(derivation, cipher.keyBits, password), cipher.algorithm)
        Cipher.getInstance("${cipher.algorithm}/CBC/PKCS5Padding").run {
            init(Cipher.DECRYPT_MODE, key, IvParameterSpec(encryption.octets()))
            doFinal(encrypted)
        }
    }

    SHA1_WITH_TRIPLE_DES -> {
        val parameters = algorithm.sequence()
        val salt = PBEParameterSpec(parameters.octets(), iterations(parameters))
        Cipher.getInstance("PBEWithSHA1AndDESede").run {
            init(Cipher.DECRYPT_MODE, secret("PBEWithSHA1AndDESede", PBEKeySpec(password)), salt)
            doFinal(encrypted)
        }
    }

    else -> unsupported("the scheme $scheme")
}

private fun pbkdf2(derivation: Der, keyBits: Int, password: CharArray): ByteArray {
    val function = derivation.oid()
    if (function == SCRYPT) unsupported("scrypt")
    if (function != PBKDF2) unsupported("the key derivation $function")
    val parameters = derivation.sequence()
    val salt = parameters.octets()
    val iterations = iterations(parameters)
    if (parameters.isNext(DER_INTEGER)) parameters.int()
    val hash = if (parameters.isNext(DER_SEQUENCE)) {
        parameters.sequence().oid().let { hashes[it] ?: unsupported("the hash $it") }
    } else {
        "SHA1"
    }
    return secret("PBKDF2WithHmac$hash", PBEKeySpec(password, salt, iterations, keyBits)).encoded
}

private fun iterations(parameters: Der): Int = parameters.int().also {
    if (it !in 1..MOST_ITERATIONS) throw GeneralSecurityException("$it iterations are not in 1..$MOST_ITERATIONS")
}

private fun secret(algorithm: String, password: PBEKeySpec): SecretKey = try {
    SecretKeyFactory.getInstance(algorithm).generateSecret(password)
} finally {
    password.clearPassword()
}

private fun unsupported(what: String): Nothing =
    throw GeneralSecurityException("$what is not supported: convert it with openssl pkcs8 -topk8 -v2 aes-256-cbc")
