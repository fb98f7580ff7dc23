package io.hawser.testkit.certificates

import io.hawser.testkit.CertificateKey
import io.hawser.testkit.KeyPurpose
import java.math.BigInteger
import java.security.KeyPair
import java.security.KeyStore
import java.security.PublicKey
import java.security.SecureRandom
import java.security.cert.X509Certificate
import java.time.Duration
import java.time.Instant
import java.util.Date
import org.bouncycastle.asn1.x500.X500Name
import org.bouncycastle.asn1.x500.X500NameBuilder
import org.bouncycastle.asn1.x500.style.BCStyle
import org.bouncycastle.asn1.x509.BasicConstraints
import org.bouncycastle.asn1.x509.ExtendedKeyUsage
import org.bouncycastle.asn1.x509.Extension
import org.bouncycastle.asn1.x509.GeneralNames
import org.bouncycastle.asn1.x509.KeyPurposeId
import org.bouncycastle.asn1.x509.KeyUsage
import org.bouncycastle.cert.X509v3CertificateBuilder
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter
import org.bouncycastle.cert.jcajce.JcaX509ExtensionUtils
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder

private val random = SecureRandom()
private val identifiers: JcaX509ExtensionUtils get() = JcaX509ExtensionUtils()

/** What [Authority.issue] makes. */
internal class Leaf(
    val commonName: String,
    val names: List<SubjectName>,
    val validity: ClosedRange<Instant>,
    val key: CertificateKey,
    val purposes: Set<KeyPurpose>,
)

/** Signs certificates with [certificate]'s key. [sent] is what follows a leaf: the authorities from here up, without the root. */
internal class Authority private constructor(
    private val signer: Signer,
    private val validity: ClosedRange<Instant>,
    val certificate: X509Certificate,
    private val sent: List<X509Certificate>,
) {
    fun subordinate(): Authority {
        val below = Signer("Hawser test intermediate ${tag()}")
        val certificate = signer.certify(below, validity)
        return Authority(below, validity, certificate, listOf(certificate) + sent)
    }

    fun issue(leaf: Leaf): KeyStore.PrivateKeyEntry {
        val keys = leaf.key.generate()
        val usage = KeyUsage.digitalSignature or (if (leaf.key.algorithm == "RSA") KeyUsage.keyEncipherment else 0)
        val certificate = signer.sign(named(leaf.commonName), keys.public, leaf.validity) {
            addExtension(Extension.basicConstraints, true, BasicConstraints(false))
            addExtension(Extension.keyUsage, true, KeyUsage(usage))
            if (leaf.purposes.isNotEmpty()) {
                addExtension(Extension.extendedKeyUsage, false, ExtendedKeyUsage(leaf.purposes.map { it.id }.toTypedArray()))
            }
            if (leaf.names.isNotEmpty()) {
                val names = leaf.names.map { it.alternative }.distinct()
                addExtension(Extension.subjectAlternativeName, false, GeneralNames(names.toTypedArray()))
            }
        }
        return KeyStore.PrivateKeyEntry(keys.private, (listOf(certificate) + sent).toTypedArray())
    }

    companion object {
        private val MONTH = Duration.ofDays(30)

        /** A new one, whose time reaches beyond that of what it issues: who is expired is so by itself. */
        fun create(): Authority {
            // Trust stores find authorities by name, so each has its own.
            val root = Signer("Hawser test authority ${tag()}")
            val validity = Instant.now().let { (it - MONTH)..(it + MONTH) }
            return Authority(root, validity, root.certify(root, validity), sent = emptyList())
        }

        private fun tag() = BigInteger(64, random).toString(16)
    }
}

private class Signer(commonName: String) {
    private val name: X500Name = named(commonName)
    private val keys: KeyPair = CertificateKey.EcP256.generate()

    /** Makes [other] an authority. */
    fun certify(other: Signer, validity: ClosedRange<Instant>): X509Certificate = sign(other.name, other.keys.public, validity) {
        addExtension(Extension.basicConstraints, true, BasicConstraints(true))
        addExtension(Extension.keyUsage, true, KeyUsage(KeyUsage.keyCertSign or KeyUsage.cRLSign))
    }

    fun sign(
        subject: X500Name,
        key: PublicKey,
        validity: ClosedRange<Instant>,
        extensions: X509v3CertificateBuilder.() -> Unit,
    ): X509Certificate {
        val from = Date.from(validity.start)
        val to = Date.from(validity.endInclusive)
        val builder = JcaX509v3CertificateBuilder(name, serial(), from, to, subject, key)
            .addExtension(Extension.subjectKeyIdentifier, false, identifiers.createSubjectKeyIdentifier(key))
            .addExtension(Extension.authorityKeyIdentifier, false, identifiers.createAuthorityKeyIdentifier(keys.public))
        builder.extensions()
        val signed = builder.build(JcaContentSignerBuilder("SHA256withECDSA").build(keys.private))
        return JcaX509CertificateConverter().getCertificate(signed)
    }

    private fun serial() = BigInteger(SERIAL_BITS, random).setBit(SERIAL_BITS - 1)

    private companion object {
        const val SERIAL_BITS = 128
    }
}

private fun named(commonName: String): X500Name = X500NameBuilder(BCStyle.INSTANCE).addRDN(BCStyle.CN, commonName).build()

private val KeyPurpose.id: KeyPurposeId get() = when (this) {
    KeyPurpose.ServerAuth -> KeyPurposeId.id_kp_serverAuth
    KeyPurpose.ClientAuth -> KeyPurposeId.id_kp_clientAuth
}
