package io.hawser.tls

import java.nio.file.Path
import java.security.GeneralSecurityException
import java.security.Key
import java.security.PrivateKey
import java.security.SecureRandom
import java.security.Signature
import java.security.cert.X509Certificate
import java.security.interfaces.RSAKey
import java.security.spec.MGF1ParameterSpec
import java.security.spec.PSSParameterSpec
import java.time.Instant

/** What an identity is made of at one time: the own certificate first, and its [key]. Compared by identity. */
internal class Material(val chain: List<X509Certificate>, val key: PrivateKey)

private const val NONCE_SIZE = 32
private const val FEW = 10

/**
 * A material that works at [now].
 *
 * @throws InvalidTlsConfiguration naming [certificateFile] or [keyFile], which the two came from, if the key is not that of the first
 *   certificate, or that is not valid.
 */
internal fun checkedMaterial(
    chain: List<X509Certificate>,
    key: PrivateKey,
    certificateFile: Path? = null,
    keyFile: Path? = certificateFile,
    now: Instant = Instant.now(),
): Material {
    val own = chain.firstOrNull() ?: throw invalid(certificateFile, "there is no certificate for the key")
    val owner = own.subjectX500Principal.name
    val from = own.notBefore.toInstant()
    val until = own.notAfter.toInstant()
    if (now > until) throw invalid(certificateFile, "the certificate of $owner expired at $until")
    if (now < from) throw invalid(certificateFile, "the certificate of $owner is not valid before $from")
    val nonce = ByteArray(NONCE_SIZE).also(SecureRandom()::nextBytes)
    val signature = reading({ invalid(keyFile, "the private key of ${key.algorithm} cannot sign: ${it.words}", it) }) {
        key.signature().run {
            initSign(key)
            update(nonce)
            sign()
        }
    }
    if (own.verifies(nonce, signature, key)) return Material(chain.toList(), key)
    val other = chain.take(FEW).indexOfFirst { it.verifies(nonce, signature, key) }
    throw when {
        other > 0 ->
            invalid(certificateFile, "the first certificate is not that of the private key, but number ${other + 1}, which has to be first")

        keyKind(own.publicKey.algorithm) != keyKind(key.algorithm) ->
            invalid(keyFile, "the private key is of ${key.algorithm}, but the certificate of $owner of ${own.publicKey.algorithm}")

        else -> invalid(keyFile, "the private key is not that of the certificate of $owner")
    }
}

/** What kind of key [name] is: the JDK, Conscrypt and the files each have more than one name for some. */
internal fun keyKind(name: String): String = when {
    name.startsWith("RSASSA-PSS") -> "RSASSA-PSS"
    name.startsWith("RSA") -> "RSA"
    name.startsWith("EC") -> "EC"
    name.startsWith("Ed") -> "EdDSA"
    else -> name
}

private fun X509Certificate.verifies(nonce: ByteArray, signature: ByteArray, key: PrivateKey): Boolean = try {
    keyKind(publicKey.algorithm) == keyKind(key.algorithm) &&
        key.signature().let {
            it.initVerify(publicKey)
            it.update(nonce)
            it.verify(signature)
        }
} catch (_: GeneralSecurityException) {
    false
} catch (_: RuntimeException) {
    false
}

private fun Key.signature(): Signature = when (keyKind(algorithm)) {
    "RSA" -> Signature.getInstance("SHA256withRSA")

    "RSASSA-PSS" -> Signature.getInstance("RSASSA-PSS").also {
        it.setParameter((this as? RSAKey)?.params ?: PSSParameterSpec("SHA-256", "MGF1", MGF1ParameterSpec.SHA256, NONCE_SIZE, 1))
    }

    "EC" -> Signature.getInstance("SHA256withECDSA")

    "EdDSA" -> Signature.getInstance(algorithm)

    else -> throw GeneralSecurityException("TLS has no such keys")
}
