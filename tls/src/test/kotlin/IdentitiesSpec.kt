package io.hawser.tls

import io.kotest.assertions.withClue
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe
import java.net.Socket
import java.nio.ByteBuffer
import java.security.cert.X509Certificate
import javax.net.ssl.SSLContext
import javax.net.ssl.SSLEngine
import javax.net.ssl.SSLEngineResult.HandshakeStatus.NEED_TASK
import javax.net.ssl.SSLEngineResult.HandshakeStatus.NOT_HANDSHAKING
import javax.net.ssl.X509ExtendedTrustManager
import javax.security.auth.x500.X500Principal

class IdentitiesSpec : StringSpec({
    val files = OpenSsl()
    val a by lazy { files.fresh("a", "DNS:a.example,DNS:*.a.example", "RSA") }
    val aToo by lazy { files.fresh("a-ec", "DNS:*.a.example,DNS:a.example") }
    val b by lazy { files.fresh("b", "DNS:b.example") }
    val bToo by lazy { files.fresh("b-rsa", "DNS:b.example", "RSA") }
    val edwards by lazy { files.fresh("ed", "DNS:ed.example", "ED25519") }

    /** Whose certificate each side has of the other: the server's, the client's. */
    fun handshake(
        server: List<Material>,
        name: String?,
        version: String = "TLSv1.3",
        suite: String? = null,
        client: List<Material> = emptyList(),
        issuers: List<X509Certificate> = emptyList(),
    ): Pair<String, String?> {
        val asked = context(client).createSSLEngine("far.example", 1).apply {
            useClientMode = true
            sslParameters = sslParameters.apply {
                protocols = arrayOf(version)
                if (suite != null) cipherSuites = arrayOf(suite)
                serverNames = listOfNotNull(name?.let { ServerName.of(it).sni })
            }
        }
        val serving = context(server, issuers).createSSLEngine().apply {
            useClientMode = false
            wantClientAuth = true
        }
        shakeHands(asked, serving)
        val peer = runCatching { serving.session.peerCertificates.first() as X509Certificate }.getOrNull()
        return (asked.session.peerCertificates.first() as X509Certificate).commonName() to peer?.commonName()
    }

    "a server is who it is asked for, with the kind of key that is asked for" {
        val all = listOf(a, b, aToo, bToo)
        val rsa = "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"
        val ec = "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"
        val expected = mapOf(
            ("a.example" to rsa) to "a",
            ("a.example" to ec) to "a-ec",
            ("x.a.example" to ec) to "a-ec",
            ("b.example" to rsa) to "b-rsa",
            ("B.example." to ec) to "b",
            ("unknown.example" to rsa) to "a",
            ("unknown.example" to ec) to "a-ec",
            (null to rsa) to "a",
            (null to ec) to "a-ec",
        )
        for ((asked, certificate) in expected) {
            withClue(asked) { handshake(all, asked.first, "TLSv1.2", asked.second).first shouldBe certificate }
        }
    }

    "a server whose key is of another kind than the client likes best is who it is asked for" {
        for (name in listOf("a", "b", "ed")) {
            withClue(name) { handshake(listOf(a, b, edwards), "$name.example").first shouldBe name }
        }
        handshake(listOf(edwards, a, b), "unknown.example").first shouldBe "ed"
        handshake(listOf(edwards, a, b), null).first shouldBe "ed"
    }

    "a client is who the server knows" {
        handshake(listOf(a), "a.example", client = listOf(a, b)).second shouldBe "a"
        for (version in listOf("TLSv1.2", "TLSv1.3")) {
            handshake(listOf(a), "a.example", version, client = listOf(a, b), issuers = b.chain).second shouldBe "b"
            handshake(listOf(a), "a.example", version, client = listOf(a), issuers = b.chain).second shouldBe null
            handshake(listOf(a), "a.example", version, client = listOf(a, edwards), issuers = edwards.chain).second shouldBe "ed"
        }
    }

    "key types are understood in all their names" {
        val identities = Identities(listOf(a, b, edwards))
        for ((type, alias) in mapOf("RSA" to "0", "EC" to "1", "EC_EC" to "1", "EC_RSA" to "1", "EdDSA" to "2", "Ed25519" to "2")) {
            withClue(type) {
                identities.chooseEngineClientAlias(arrayOf(type), null, null) shouldBe alias
                identities.getServerAliases(type, null)?.toList() shouldBe listOf(alias)
                identities.getClientAliases(type, emptyArray())?.toList() shouldBe listOf(alias)
            }
        }
        for (type in listOf("RSASSA-PSS", "DSA", "", "UNKNOWN")) {
            identities.chooseEngineClientAlias(arrayOf(type), null, null) shouldBe null
        }
        identities.chooseEngineClientAlias(arrayOf("EC"), arrayOf(X500Principal("CN=nobody")), null) shouldBe null
        identities.chooseEngineServerAlias("RSA", null, null) shouldBe "0"
        identities.chooseEngineServerAlias("EC", null, null) shouldBe null
        for (alias in listOf(null, "", "x", "3", "-1")) {
            identities.getPrivateKey(alias) shouldBe null
            identities.getCertificateChain(alias) shouldBe null
        }
        identities.getPrivateKey("1") shouldBe b.key
        Identities(emptyList()).chooseEngineServerAlias("RSA", null, null) shouldBe null
    }
})

private fun X509Certificate.commonName(): String = subjectX500Principal.name.removePrefix("CN=")

private fun context(materials: List<Material>, issuers: List<X509Certificate> = emptyList()): SSLContext =
    SSLContext.getInstance("TLS").apply { init(arrayOf(Identities(materials)), arrayOf(Anybody(issuers)), null) }

private fun shakeHands(vararg engines: SSLEngine) {
    // What each has to read next; empty at the beginning, and ready to be written to.
    val inputs = Array(2) { ByteBuffer.allocate(1 shl 17).flip() }
    val plain = ByteBuffer.allocate(1 shl 17)
    engines.forEach { it.beginHandshake() }
    repeat(40) {
        for (i in 0..1) {
            val engine = engines[i]
            inputs[1 - i].compact()
            engine.wrap(ByteBuffer.allocate(0), inputs[1 - i])
            inputs[1 - i].flip()
            engine.unwrap(inputs[i], plain)
            while (engine.handshakeStatus == NEED_TASK) engine.delegatedTask.run()
        }
        if (engines.all { it.handshakeStatus == NOT_HANDSHAKING } && inputs.none { it.hasRemaining() }) return
    }
    error("no end of the handshake: ${engines.map { it.handshakeStatus }}")
}

private class Anybody(private val issuers: List<X509Certificate>) : X509ExtendedTrustManager() {
    override fun checkClientTrusted(chain: Array<out X509Certificate>?, authType: String?, socket: Socket?) = Unit

    override fun checkClientTrusted(chain: Array<out X509Certificate>?, authType: String?, engine: SSLEngine?) = Unit

    override fun checkClientTrusted(chain: Array<out X509Certificate>?, authType: String?) = Unit

    override fun checkServerTrusted(chain: Array<out X509Certificate>?, authType: String?, socket: Socket?) = Unit

    override fun checkServerTrusted(chain: Array<out X509Certificate>?, authType: String?, engine: SSLEngine?) = Unit

    override fun checkServerTrusted(chain: Array<out X509Certificate>?, authType: String?) = Unit

    override fun getAcceptedIssuers(): Array<X509Certificate> = issuers.toTypedArray()
}
