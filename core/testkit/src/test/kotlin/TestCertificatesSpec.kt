package io.hawser.testkit

import io.hawser.testkit.CertificateKey.Rsa1024
import io.hawser.testkit.CertificateKey.Rsa2048
import io.hawser.testkit.KeyPurpose.ClientAuth
import io.hawser.testkit.KeyPurpose.ServerAuth
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldHaveSize
import io.kotest.matchers.ints.shouldBeLessThan
import io.kotest.matchers.nulls.shouldBeNull
import io.kotest.matchers.shouldBe
import io.kotest.matchers.shouldNotBe
import io.kotest.matchers.types.shouldBeInstanceOf
import io.kotest.matchers.types.shouldBeSameInstanceAs
import java.security.KeyStore
import java.security.Security
import java.security.Signature
import java.security.cert.CertPathValidator
import java.security.cert.CertPathValidatorException
import java.security.cert.CertificateException
import java.security.cert.CertificateExpiredException
import java.security.cert.CertificateFactory
import java.security.cert.CertificateNotYetValidException
import java.security.cert.PKIXParameters
import java.security.cert.TrustAnchor
import java.security.cert.X509Certificate
import java.time.Duration
import java.time.Instant
import java.util.Date
import javax.net.ssl.SSLHandshakeException
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitAll
import kotlinx.coroutines.coroutineScope

private const val SERVER_AUTH = "1.3.6.1.5.5.7.3.1"
private const val CLIENT_AUTH = "1.3.6.1.5.5.7.3.2"
private const val DNS = 2
private const val IP = 7

class TestCertificatesSpec : StringSpec({
    extension(LeakCheck)

    val certificates = TestCertificates.create("localhost", "127.0.0.1", "::1")

    "servers and clients are valid for what they are, and for nothing else" {
        val trust = trusting(certificates.authority)
        trust.checkServerTrusted(certificates.server.chain, "UNKNOWN")
        trust.checkClientTrusted(certificates.client.chain, "UNKNOWN")
        shouldThrow<CertificateException> { trust.checkClientTrusted(certificates.server.chain, "UNKNOWN") }
        shouldThrow<CertificateException> { trust.checkServerTrusted(certificates.client.chain, "UNKNOWN") }
        certificates.server.leaf.extendedKeyUsage shouldBe listOf(SERVER_AUTH)
        certificates.client.leaf.extendedKeyUsage shouldBe listOf(CLIENT_AUTH)
        shouldThrow<CertificateException> {
            trusting(TestCertificates.create("localhost").authority).checkServerTrusted(certificates.server.chain, "UNKNOWN")
        }
    }

    "a handshake checks the name, and whom the client is" {
        val server = certificates.server
        for (host in listOf("localhost", "127.0.0.1", "::1")) {
            withClue(host) { handshake(certificates.authority, server, host = host).isValid shouldBe true }
        }
        val session = handshake(certificates.authority, server, certificates.client)
        session.peerPrincipal.name shouldBe "CN=client"
        session.peerCertificates.toList() shouldBe certificates.client.certificateChain.toList()

        for (wrong in listOf(certificates.wrongHost, certificates.expired, certificates.notYetValid, certificates.client)) {
            shouldThrow<SSLHandshakeException> { handshake(certificates.authority, wrong) }.cause.shouldBeInstanceOf<CertificateException>()
        }
        shouldThrow<SSLHandshakeException> { handshake(certificates.authority, server, client = server) }
            .cause.shouldBeInstanceOf<CertificateException>()
        handshake(certificates.authority, certificates.wrongHost, host = "wrong.invalid").isValid shouldBe true
    }

    "certificates whose time is over, or to come, are valid at their time" {
        certificates.validate(certificates.server)
        certificates.failure(certificates.expired).shouldBeInstanceOf<CertificateExpiredException>()
        certificates.failure(certificates.notYetValid).shouldBeInstanceOf<CertificateNotYetValidException>()
        for (entry in listOf(certificates.expired, certificates.notYetValid)) {
            entry.leaf.subjectAlternativeNames.toSet() shouldBe certificates.server.leaf.subjectAlternativeNames.toSet()
            val middle = Duration.between(entry.leaf.notBefore.toInstant(), entry.leaf.notAfter.toInstant()).dividedBy(2)
            val then = entry.leaf.notBefore.toInstant() + middle
            certificates.validate(entry, at = then)
            certificates.authority.checkValidity(Date.from(then))
        }
    }

    "names are DNS names or addresses, by their form" {
        val given = listOf(
            "localhost",
            "*.example.org",
            "bücher.example",
            "under_score",
            "127.0.0.1",
            "::1",
            "2001:DB8::7",
            "::ffff:10.0.0.1",
            "localhost",
        )
        val names = TestCertificates.create(*given.toTypedArray())
        names.server.names shouldBe listOf(
            DNS to "localhost",
            DNS to "*.example.org",
            DNS to "xn--bcher-kva.example",
            DNS to "under_score",
            IP to "127.0.0.1",
            IP to "0:0:0:0:0:0:0:1",
            IP to "2001:db8:0:0:0:0:0:7",
            IP to "10.0.0.1",
        )
        names.server.leaf.subjectX500Principal.name shouldBe "CN=localhost"
        names.toString() shouldBe "test certificates for ${given.joinToString()}"
        handshake(names.authority, names.server, host = "a.example.org").isValid shouldBe true
        certificates.server("other.example").names shouldBe listOf(DNS to "other.example")
        val long = "${"a".repeat(60)}.${"b".repeat(60)}"
        certificates.server(long, "short").leaf.subjectX500Principal.name shouldBe "CN=short"
        certificates.server(long).leaf.subjectX500Principal.name shouldBe "CN=server"
    }

    "what is no name is refused by its name" {
        for (name in listOf(
            "a b",
            "-a",
            "a-",
            "a..b",
            "a.",
            ".a",
            "*",
            "*.",
            "a.*.b",
            "*a.b",
            "localhost:80 ",
            "http://a",
            "a".repeat(64),
            "a.".repeat(127) + "a",
            "a\u0000b",
        )) {
            val message = checkNotNull(shouldThrow<IllegalArgumentException> { TestCertificates.create("ok", name) }.message)
            withClue(message) { (name in message && message.startsWith("not a")) shouldBe true }
        }
        for (name in listOf("1", "1.2.3", "1.2.3.256", "01.2.3.4", "1.2.3.4.", "1.2.3.4.5", ".")) {
            shouldThrow<IllegalArgumentException> { TestCertificates.create(name) }.message shouldBe "not an IPv4 address: \"$name\""
        }
        for (name in listOf(":", "1::2::3", "[::1]", "::1%1", "::g", "localhost:80")) {
            shouldThrow<IllegalArgumentException> { TestCertificates.create(name) }.message shouldBe "not an IPv6 address: \"$name\""
        }
        shouldThrow<IllegalArgumentException> { TestCertificates.create() }.message shouldBe "no names"
        shouldThrow<IllegalArgumentException> { TestCertificates.create("") }.message shouldBe "an empty name"
        shouldThrow<IllegalArgumentException> { certificates.server() }.message shouldBe "no names"
        shouldThrow<IllegalArgumentException> { certificates.client(" ") }.message shouldBe "not a common name: \" \""
        shouldThrow<IllegalArgumentException> { certificates.client("a".repeat(65)) }.message shouldBe
            "common name \"${"a".repeat(65)}\" has 65 characters, over the limit of 64"
    }

    "each key fits its certificate, and is good for TLS" {
        for (kind in CertificateKey.entries) {
            withClue(kind) {
                val entry = certificates.issue { key = kind }
                entry.fits()
                certificates.validate(entry)
                trusting(certificates.authority).checkServerTrusted(entry.chain, if (entry.isRsa) "RSA" else "UNKNOWN")
                if (kind != CertificateKey.Ed25519 && kind != Rsa1024) {
                    handshake(certificates.authority, entry).isValid shouldBe true
                }
                entry.leaf.keyUsage.indices.filter { entry.leaf.keyUsage[it] } shouldBe if (entry.isRsa) listOf(0, 2) else listOf(0)
            }
        }
    }

    "authorities are marked as such, and leaves are not" {
        val authority = certificates.authority
        authority.verify(authority.publicKey)
        authority.basicConstraints shouldBe Int.MAX_VALUE
        authority.keyUsage.indices.filter { authority.keyUsage[it] } shouldBe listOf(5, 6)
        val server = certificates.server.leaf
        server.basicConstraints shouldBe -1
        server.criticalExtensionOIDs shouldBe setOf("2.5.29.15", "2.5.29.19")
        server.nonCriticalExtensionOIDs shouldBe setOf("2.5.29.14", "2.5.29.17", "2.5.29.35", "2.5.29.37")
        server.serialNumber.bitLength() shouldBe 128
        server.serialNumber.signum() shouldBe 1
        server.serialNumber shouldNotBe certificates.client.leaf.serialNumber
    }

    "what has no name of its own is described" {
        val noon = Instant.parse("2020-06-01T12:00:00Z")
        val entry = certificates.issue {
            names("a.example")
            commonName = "Ada, Countess of Lovelace"
            notBefore = noon
            notAfter = noon.plusSeconds(60)
            purposes(ServerAuth, ClientAuth)
            intermediates = 2
            key = Rsa2048
        }
        entry.names shouldBe listOf(DNS to "a.example")
        entry.leaf.subjectX500Principal.name shouldBe "CN=Ada\\, Countess of Lovelace"
        entry.leaf.notBefore.toInstant() shouldBe noon
        entry.leaf.notAfter.toInstant() shouldBe noon.plusSeconds(60)
        entry.leaf.extendedKeyUsage shouldBe listOf(SERVER_AUTH, CLIENT_AUTH)
        entry.chain shouldHaveSize 3

        val java = certificates.order().intermediates(1).names().commonName("nobody").purposes().issue()
        java.leaf.subjectAlternativeNames.shouldBeNull()
        java.leaf.extendedKeyUsage.shouldBeNull()
        trusting(certificates.authority).checkServerTrusted(java.chain, "UNKNOWN")
        trusting(certificates.authority).checkClientTrusted(java.chain, "UNKNOWN")
        shouldThrow<CertificateException> {
            trusting(certificates.authority).checkServerTrusted(arrayOf(java.leaf), "UNKNOWN")
        }
        handshake(certificates.authority, certificates.issue { intermediates = 3 }).isValid shouldBe true
    }

    "times that are left out go with those that are given" {
        val now = Instant.now()
        val day = Duration.ofDays(1)
        fun lifetime(order: CertificateOrder.() -> Unit) = certificates.issue(order).leaf.run {
            notBefore.toInstant() to
                notAfter.toInstant()
        }
        lifetime { notAfter = Instant.EPOCH + day } shouldBe (Instant.EPOCH to Instant.EPOCH + day)
        lifetime { notBefore = Instant.EPOCH }.second.isAfter(now) shouldBe true
        val (from, to) = lifetime {}
        Duration.between(from, to).toHours() shouldBe 25
        from.isBefore(now) shouldBe true
    }

    "parts that do not fit are refused with their values" {
        fun refused(order: CertificateOrder.() -> Unit) = shouldThrow<IllegalArgumentException> { certificates.issue(order) }.message
        refused { intermediates = -1 } shouldBe "intermediates < 0: -1"
        refused { names() } shouldBe "neither names nor a commonName"
        refused { commonName = "a\nb" } shouldBe "not a common name: \"a\nb\""
        refused {
            notBefore = Instant.EPOCH.plusSeconds(1)
            notAfter = Instant.EPOCH
        } shouldBe "notAfter is before notBefore: 1970-01-01T00:00:00Z < 1970-01-01T00:00:01Z"
    }

    "a certificate is made once, whoever asks, and no two authorities are the same" {
        val fresh = TestCertificates.create("localhost")
        val clients = coroutineScope { List(8) { async(Dispatchers.Default) { fresh.client } }.awaitAll() }
        clients.forEach { it shouldBeSameInstanceAs fresh.client }
        fresh.authority shouldNotBe certificates.authority
        fresh.authority.subjectX500Principal shouldNotBe certificates.authority.subjectX500Principal
        fresh.server.leaf.publicKey shouldNotBe certificates.server.leaf.publicKey
    }

    "PEM is read as what was written" {
        val entry = certificates.issue { intermediates = 1 }
        val read = CertificateFactory.getInstance("X.509").generateCertificates(TestCertificates.pem(entry).byteInputStream())
        read.toList() shouldBe entry.certificateChain.toList()
        TestCertificates.pem(*entry.chain) shouldBe TestCertificates.pem(entry)
        TestCertificates.pem(certificates.server.leaf, certificates.authority).lines().forEach { it.length shouldBeLessThan 65 }
        TestCertificates.keyPem(entry).lines().first() shouldBe "-----BEGIN PRIVATE KEY-----"
    }

    "no security provider is registered" {
        certificates.issue { key = Rsa2048 }
        Security.getProviders().filter { it.javaClass.name.startsWith("org.bouncycastle") } shouldBe emptyList()
    }
})

internal val KeyStore.PrivateKeyEntry.leaf: X509Certificate get() = certificate as X509Certificate

private val KeyStore.PrivateKeyEntry.chain: Array<X509Certificate>
    get() = certificateChain.map { it as X509Certificate }.toTypedArray()

private val KeyStore.PrivateKeyEntry.isRsa: Boolean get() = privateKey.algorithm == "RSA"

private val KeyStore.PrivateKeyEntry.names: List<Pair<Any?, Any?>>
    get() = leaf.subjectAlternativeNames.map { it[0] to it[1] }

private fun KeyStore.PrivateKeyEntry.fits() {
    val algorithm = if (privateKey.algorithm == "EdDSA") "Ed25519" else "SHA256with${if (isRsa) "RSA" else "ECDSA"}"
    val text = "signed".toByteArray()
    val signature = Signature.getInstance(algorithm).run {
        initSign(privateKey)
        update(text)
        sign()
    }
    Signature.getInstance(algorithm).run {
        initVerify(certificate)
        update(text)
        verify(signature)
    } shouldBe true
}

private fun TestCertificates.validate(entry: KeyStore.PrivateKeyEntry, at: Instant = Instant.now()) {
    val path = CertificateFactory.getInstance("X.509").generateCertPath(entry.certificateChain.toList())
    val parameters = PKIXParameters(setOf(TrustAnchor(authority, null))).apply {
        isRevocationEnabled = false
        date = Date.from(at)
    }
    CertPathValidator.getInstance("PKIX").validate(path, parameters)
}

private fun TestCertificates.failure(entry: KeyStore.PrivateKeyEntry) = shouldThrow<CertPathValidatorException> { validate(entry) }.cause
