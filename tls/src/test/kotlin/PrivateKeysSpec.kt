package io.hawser.tls

import io.kotest.assertions.throwables.shouldThrow
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import java.security.interfaces.ECPrivateKey
import java.util.Base64
import java.util.HexFormat

class PrivateKeysSpec : StringSpec({
    val files = OpenSsl()
    val password = "pässwörd"

    fun refused(key: String, password: String? = null): String = shouldThrow<InvalidTlsConfiguration> {
        privateKey(contentOf(files.file(key)), files.file(key), password?.toCharArray())
    }.message.orEmpty().removePrefix("${files.file(key)}: ")

    fun pkcs8(name: String, vararg options: String) {
        files.write("password", password)
        files.run("pkcs8", "-topk8", "-in", "ec.key", "-out", name, "-passout", "file:password", *options)
    }

    fun pem(label: String, content: ByteArray): String =
        "-----BEGIN $label-----\n${Base64.getMimeEncoder().encodeToString(content)}\n-----END $label-----\n"

    beforeSpec {
        files.key("rsa.key", "RSA")
        files.certificate("rsa", "rsa.key")
        files.key("ec.key", *OpenSsl.ec)
        files.certificate("ec", "ec.key")
    }

    "keys as openssl writes them are read" {
        val algorithms = mapOf(
            "RSA" to listOf("RSA"),
            "RSASSA-PSS" to listOf("RSA-PSS"),
            "RSASSA-PSS " to listOf("RSA-PSS", "-pkeyopt", "rsa_pss_keygen_md:sha512", "-pkeyopt", "rsa_pss_keygen_saltlen:64"),
            "EC" to OpenSsl.ec.toList(),
            "EC " to listOf("EC", "-pkeyopt", "ec_paramgen_curve:P-521"),
            "EdDSA" to listOf("ED25519"),
            "EdDSA " to listOf("ED448"),
        )
        for ((algorithm, options) in algorithms) {
            withClue(options) {
                files.fresh("any", "DNS:a.example", *options.toTypedArray()).key.algorithm shouldBe algorithm.trim()
            }
        }
    }

    "keys as openssl wrote them before PKCS#8 are read" {
        files.run("rsa", "-in", "rsa.key", "-traditional", "-out", "rsa.old")
        files.text("rsa.old") shouldContain "BEGIN RSA PRIVATE KEY"
        files.material("rsa", "rsa.old").key shouldBe files.material("rsa", "rsa.key").key
        files.run("ec", "-in", "ec.key", "-out", "ec.old")
        files.text("ec.old") shouldContain "BEGIN EC PRIVATE KEY"
        (files.material("ec", "ec.old").key as ECPrivateKey).s shouldBe (files.material("ec", "ec.key").key as ECPrivateKey).s
        files.run("ecparam", "-name", "secp384r1", "-genkey", "-out", "parameters.key")
        files.text("parameters.key") shouldContain "BEGIN EC PARAMETERS"
        files.certificate("parameters", "parameters.key")
        files.material("parameters", "parameters.key").key.algorithm shouldBe "EC"
    }

    "the curve of a key that does not say it is that of its parameters" {
        val secret = Der(pemBlocks(contentOf(files.file("ec.key")), files.file("ec.key")).single().content()).sequence().run {
            int()
            sequence()
            Der(octets()).sequence().run {
                int()
                octets()
            }
        }
        val key = pem("EC PRIVATE KEY", derOf(DER_SEQUENCE, byteArrayOf(2, 1, 1), derOf(DER_OCTETS, secret)))
        files.run("ecparam", "-name", "prime256v1", "-out", "curve")
        files.write("without.key", key)
        refused("without.key") shouldBe "its EC PRIVATE KEY does not say on which curve it is, and no EC PARAMETERS do"
        files.write("with.key", files.text("curve") + key)
        files.material("ec", "with.key").key.algorithm shouldBe "EC"
    }

    "encrypted keys are read with their password" {
        val ways = listOf(
            emptyList(),
            listOf("-v2", "aes-128-cbc"),
            listOf("-v2", "aes-192-cbc"),
            listOf("-v2", "des3"),
            listOf("-v2prf", "hmacWithSHA1"),
            listOf("-v2prf", "hmacWithSHA512", "-iter", "10000"),
        )
        for (way in ways) {
            withClue(way) {
                pkcs8("encrypted.key", *way.toTypedArray())
                files.text("encrypted.key") shouldContain "BEGIN ENCRYPTED PRIVATE KEY"
                files.material("ec", "encrypted.key", password.toCharArray()).key.algorithm shouldBe "EC"
                refused("encrypted.key", "other") shouldBe "the password for its private key is wrong, or the key is damaged"
                refused("encrypted.key", "") shouldBe "the password for its private key is wrong, or the key is damaged"
                refused("encrypted.key") shouldBe "its private key is encrypted, and no password is given"
            }
        }
        files.run("pkcs8", "-topk8", "-in", "ec.key", "-out", "old.key", "-passout", "pass:secret", "-v1", "PBE-SHA1-3DES")
        files.material("ec", "old.key", "secret".toCharArray()).key.algorithm shouldBe "EC"
        refused("old.key", "other") shouldBe "the password for its private key is wrong, or the key is damaged"
    }

    "wrong passwords are told as such, however their padding looks" {
        pkcs8("encrypted.key", "-iter", "1")
        for (i in 0 until 2000) {
            refused("encrypted.key", "wrong $i") shouldBe "the password for its private key is wrong, or the key is damaged"
        }
    }

    "what the JDK cannot decrypt is refused with advice" {
        pkcs8("scrypt.key", "-scrypt", "-scrypt_N", "16")
        refused("scrypt.key", password) shouldBe "its encrypted private key cannot be read: scrypt is not supported: " +
            "convert it with openssl pkcs8 -topk8 -v2 aes-256-cbc"
        files.run("rsa", "-in", "rsa.key", "-traditional", "-aes256", "-passout", "pass:secret", "-out", "legacy.key")
        refused("legacy.key", "secret") shouldBe "its key is encrypted as nobody should any more: convert it with openssl pkcs8 -topk8"
    }

    "an iteration count that takes minutes is refused" {
        fun sequence(vararg parts: ByteArray) = derOf(DER_SEQUENCE, *parts)
        fun hex(digits: String) = HexFormat.of().parseHex(digits)
        val iv = derOf(DER_OCTETS, ByteArray(16))
        val pbkdf2 = sequence(hex("06092a864886f70d01050c"), sequence(derOf(DER_OCTETS, ByteArray(8)), hex("02047fffffff")))
        val aes = sequence(hex("060960864801650304012a"), iv)
        val pbes2 = sequence(hex("06092a864886f70d01050d"), sequence(pbkdf2, aes))
        files.write("slow.key", pem("ENCRYPTED PRIVATE KEY", sequence(pbes2, derOf(DER_OCTETS, ByteArray(16)))))
        refused("slow.key", password) shouldBe "its encrypted private key cannot be read: 2147483647 iterations are not in 1..5000000"
    }

    "a key for something else is refused" {
        files.run("genpkey", "-algorithm", "X25519", "-out", "x25519.key")
        refused("x25519.key") shouldBe "its key is of no use for TLS: its algorithm is 1.3.101.110"
        files.write("ssh.key", pem("OPENSSH PRIVATE KEY", ByteArray(10)))
        refused("ssh.key") shouldBe "its key is one for SSH: convert it with ssh-keygen -p -m PKCS8"
        files.write("dsa.key", pem("DSA PRIVATE KEY", ByteArray(10)))
        refused("dsa.key") shouldBe "its key is of no use for TLS: DSA PRIVATE KEY"
        files.write("two.key", files.text("ec.key") + files.text("rsa.key"))
        refused("two.key") shouldBe "one private key is expected, and it holds 2"
        files.run("pkey", "-in", "ec.key", "-pubout", "-out", "public.key")
        refused("public.key") shouldBe "a private key is expected, and it holds: PUBLIC KEY"
        refused("ec") shouldBe "a private key is expected, and it holds: CERTIFICATE"
    }
})
