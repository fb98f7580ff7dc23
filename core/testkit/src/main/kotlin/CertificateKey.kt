package io.hawser.testkit

import java.security.KeyPair
import java.security.KeyPairGenerator
import java.security.spec.AlgorithmParameterSpec
import java.security.spec.ECGenParameterSpec
import java.security.spec.NamedParameterSpec
import java.security.spec.RSAKeyGenParameterSpec
import java.security.spec.RSAKeyGenParameterSpec.F4

/** The key of a certificate, made anew for each. */
public enum class CertificateKey(internal val algorithm: String, private val parameters: AlgorithmParameterSpec) {
    /** Made within a millisecond, and taken by everybody. */
    EcP256("EC", ECGenParameterSpec("secp256r1")),

    /** For what asks for more than [EcP256] has. */
    EcP384("EC", ECGenParameterSpec("secp384r1")),

    /** For OpenSSL and its like: the JDK's own TLS cannot use it, though it validates such certificates. */
    Ed25519("Ed25519", NamedParameterSpec.ED25519),

    /** Made in some hundred milliseconds. */
    Rsa2048("RSA", RSAKeyGenParameterSpec(2048, F4)),

    /** Too weak, for whoever tests that it is refused. */
    Rsa1024("RSA", RSAKeyGenParameterSpec(1024, F4)),
    ;

    internal fun generate(): KeyPair = KeyPairGenerator.getInstance(algorithm).apply { initialize(parameters) }.generateKeyPair()
}
