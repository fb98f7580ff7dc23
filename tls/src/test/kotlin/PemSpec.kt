package io.hawser.tls

import io.kotest.assertions.throwables.shouldThrow
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldHaveSize
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import java.nio.file.Path
import java.util.Base64
import kotlin.random.Random

class PemSpec : StringSpec({
    val files = OpenSsl()
    val nowhere = Path.of("x.pem")

    fun refused(text: String): String? = shouldThrow<InvalidTlsConfiguration> { certificates(text.encodeToByteArray(), nowhere) }.message

    beforeSpec {
        files.key("ec.key", *OpenSsl.ec)
        files.certificate("one", "ec.key")
        files.certificate("two", "ec.key")
    }

    "certificates are read whatever is around them" {
        val one = files.text("one")
        val two = files.text("two")
        val texts = listOf(
            one + two,
            "subject=CN = one\nSome: thing\n\n$one\nbetween\n$two behind",
            "\u00ef\u00bb\u00bf".toByteArray(Charsets.ISO_8859_1).decodeToString() + one + two,
            (one + two).replace("\n", "\r\n"),
            (one + two).replace("\n", "\r"),
            (one + two).replace("\n", "  \n  "),
            (one + two).replace(" CERTIFICATE", " X509 CERTIFICATE"),
            one + files.text("ec.key") + two.trim(),
        )
        for (text in texts) {
            withClue(text) {
                certificates(text.encodeToByteArray(), nowhere).map { it.subjectX500Principal.name } shouldBe listOf("CN=one", "CN=two")
            }
        }
        certificatesIn(files.file("one")) shouldHaveSize 1
    }

    "what is no certificate is refused with the reason" {
        val one = files.text("one")
        refused("") shouldBe "x.pem: is not PEM: nothing in it begins with -----BEGIN "
        refused("0abc") shouldBe "x.pem: is not PEM, but DER or PKCS#12"
        refused(one.substringBefore("-----END")) shouldBe "x.pem: its block CERTIFICATE has no end"
        refused(one.substringBefore("-----END") + one) shouldBe "x.pem: its block CERTIFICATE has no end"
        refused(one.replace("END CERTIFICATE", "END X")) shouldBe "x.pem: its block CERTIFICATE has no end"
        refused(files.text("ec.key")) shouldBe "x.pem: a certificate is expected, and it holds: PRIVATE KEY"
        refused(one.replace(" CERTIFICATE", " CERTIFICATE REQUEST")) shouldBe
            "x.pem: a certificate is expected, and it holds: CERTIFICATE REQUEST"
        refused("-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----") shouldContain "x.pem: its block CERTIFICATE is not base64: "
        refused("$one-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----") shouldContain "x.pem: its certificate 2 is damaged: "
        files.run("x509", "-in", "one", "-trustout", "-out", "trusted")
        refused(files.text("trusted")) shouldBe
            "x.pem: holds a TRUSTED CERTIFICATE, which is of OpenSSL alone: convert it with openssl x509"
    }

    "garbage is refused, and nothing else" {
        val password = "secret".toCharArray()
        files.key("rsa.key", "RSA")
        files.run("rsa", "-in", "rsa.key", "-traditional", "-out", "rsa.old")
        files.run("ec", "-in", "ec.key", "-out", "ec.old")
        files.run("pkcs8", "-topk8", "-in", "ec.key", "-out", "encrypted.key", "-passout", "pass:secret", "-iter", "1")
        files.run("pkcs8", "-topk8", "-in", "ec.key", "-out", "des.key", "-passout", "pass:secret", "-v1", "PBE-SHA1-3DES", "-iter", "1")
        val random = Random(1)

        fun read(content: ByteArray) {
            for (read in listOf({ certificates(content, nowhere) }, { privateKey(content, nowhere, password) })) {
                try {
                    read()
                } catch (_: InvalidTlsConfiguration) {
                    continue
                }
            }
        }
        for (name in listOf("one", "ec.key", "ec.old", "rsa.old", "encrypted.key", "des.key")) {
            val content = contentOf(files.file(name))
            val block = pemBlocks(content, nowhere).first()
            for (size in content.indices) read(content.copyOf(size))
            repeat(500) { read(content.clone().also { it[random.nextInt(it.size)] = random.nextInt().toByte() }) }
            // In the DER, which base64 hides from changes of single bits.
            val der = block.content()
            for (size in der.indices) read(pem(block.label, der.copyOf(size)))
            for (i in der.indices) {
                for (bit in 0 until Byte.SIZE_BITS) {
                    read(pem(block.label, der.clone().also { it[i] = (it[i].toInt() xor (1 shl bit)).toByte() }))
                }
            }
        }
        repeat(500) { read(random.nextBytes(random.nextInt(300))) }
        repeat(500) { read(pem("PRIVATE KEY", random.nextBytes(random.nextInt(100)))) }
        read(pem("CERTIFICATE", ByteArray(500_000) { 0x30 }))
        read(pem("PRIVATE KEY", ByteArray(500_000) { 0x30 }))
    }
})

private fun pem(label: String, content: ByteArray): ByteArray =
    "-----BEGIN $label-----\n${Base64.getMimeEncoder().encodeToString(content)}\n-----END $label-----\n".encodeToByteArray()
