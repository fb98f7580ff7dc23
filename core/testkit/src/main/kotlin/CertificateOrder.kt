package io.hawser.testkit

import io.hawser.testkit.certificates.Authority
import io.hawser.testkit.certificates.Leaf
import io.hawser.testkit.certificates.SubjectName
import io.hawser.testkit.certificates.requireCommonName
import java.security.KeyStore
import java.time.Duration
import java.time.Instant

/** What a certificate's key may be used for (extended key usage). */
public enum class KeyPurpose {
    /** To be a TLS server. */
    ServerAuth,

    /** To be a TLS client. */
    ClientAuth,
}

/**
 * A certificate that [TestCertificates] has no name for: `certificates.issue { key = CertificateKey.Rsa2048 }` in Kotlin,
 * `certificates.order().key(CertificateKey.Rsa2048).issue()` in Java. Not for use by several threads at once.
 *
 * | part | default | |
 * |---|---|---|
 * | [names] | those of the [TestCertificates] | subject alternative names; `names()` for a certificate without |
 * | [commonName] | the first name that is short enough, else `server` | of the subject |
 * | [notBefore] | an hour ago | or a day before [notAfter], whichever is earlier |
 * | [notAfter] | in a day | or a day after [notBefore], whichever is later |
 * | [key] | [CertificateKey.EcP256] | made anew for each certificate |
 * | [purposes] | [KeyPurpose.ServerAuth] | extended key usage; `purposes()` for a certificate without, which is good for all |
 * | [intermediates] | 0 | authorities between the [TestCertificates.authority] and the certificate |
 */
public class CertificateOrder internal constructor(private val authority: Authority, private var names: List<String>) {
    private var purposes: Set<KeyPurpose> = setOf(KeyPurpose.ServerAuth)

    /** See [CertificateOrder]. At most 64 characters. */
    @get:JvmSynthetic
    @set:JvmSynthetic
    public var commonName: String? = null

    /** See [CertificateOrder]. Certificates know whole seconds only. */
    @get:JvmSynthetic
    @set:JvmSynthetic
    public var notBefore: Instant? = null

    /** See [CertificateOrder]. Certificates know whole seconds only. */
    @get:JvmSynthetic
    @set:JvmSynthetic
    public var notAfter: Instant? = null

    /** See [CertificateOrder]. */
    @get:JvmSynthetic
    @set:JvmSynthetic
    public var key: CertificateKey = CertificateKey.EcP256

    /** See [CertificateOrder]. At least 0. They are in the entry's chain, after the certificate. */
    @get:JvmSynthetic
    @set:JvmSynthetic
    public var intermediates: Int = 0

    /** DNS names and IP addresses, as [TestCertificates.create] takes them. */
    public fun names(vararg names: String): CertificateOrder = apply { this.names = names.toList() }

    /** See [CertificateOrder]. */
    public fun purposes(vararg purposes: KeyPurpose): CertificateOrder = apply { this.purposes = purposes.toSet() }

    /** See [CertificateOrder.commonName]. */
    public fun commonName(value: String?): CertificateOrder = apply { commonName = value }

    /** See [CertificateOrder.notBefore]. */
    public fun notBefore(value: Instant?): CertificateOrder = apply { notBefore = value }

    /** See [CertificateOrder.notAfter]. */
    public fun notAfter(value: Instant?): CertificateOrder = apply { notAfter = value }

    /** See [CertificateOrder.key]. */
    public fun key(value: CertificateKey): CertificateOrder = apply { key = value }

    /** See [CertificateOrder.intermediates]. */
    public fun intermediates(value: Int): CertificateOrder = apply { intermediates = value }

    /**
     * Makes the key and the certificate; twice makes two.
     *
     * @throws IllegalArgumentException naming the part and its value.
     */
    public fun issue(): KeyStore.PrivateKeyEntry {
        val subjects = names.map(SubjectName::of)
        require(subjects.isNotEmpty() || commonName != null) { "neither names nor a commonName" }
        val subject = commonName?.also(::requireCommonName) ?: subjects.firstNotNullOfOrNull { it.commonName } ?: "server"
        require(intermediates >= 0) { "intermediates < 0: $intermediates" }
        val leaf = Leaf(subject, subjects, validity(Instant.now()), key, purposes)
        return generateSequence(authority) { it.subordinate() }.elementAt(intermediates).issue(leaf)
    }

    private fun validity(now: Instant): ClosedRange<Instant> {
        val anHourAgo = now - Duration.ofHours(1)
        val from = notBefore ?: notAfter?.let { minOf(anHourAgo, it - DAY) } ?: anHourAgo
        val to = notAfter ?: (maxOf(now, from) + DAY)
        require(from <= to) { "notAfter is before notBefore: $to < $from" }
        return from..to
    }

    private companion object {
        val DAY: Duration = Duration.ofDays(1)
    }
}
