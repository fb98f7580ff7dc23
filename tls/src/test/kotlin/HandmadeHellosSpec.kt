package io.hawser.tls

import io.hawser.tls.TlsHandshakeFailed.Reason
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldBeIn
import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeInstanceOf
import java.io.ByteArrayOutputStream
import java.io.DataOutputStream

private const val SERVER_NAME = 0
private const val SUPPORTED_GROUPS = 10
private const val SIGNATURE_ALGORITHMS = 13

/** Hellos that no program of today sends. */
class HandmadeHellosSpec : StringSpec({
    for (provider in Provider.entries) {
        fun answerTo(hello: ByteArray): Outcome {
            val buffers = LentBuffers(direct = provider == Provider.CONSCRYPT).apply { renew() }
            val tls = ServerTls {
                identity(certificates.server)
                provider.set(this)
            }
            val received = Lane { Int.MAX_VALUE }.apply { put(hello) }
            val server = End(tls.side, sent = Lane { Int.MAX_VALUE }, received, buffers)
            server.turn()
            server.pump.drop()
            buffers.shouldBeBack()
            return server.outcome
        }

        fun shouldBeRefused(hello: ByteArray, vararg reasons: Reason) {
            val (failure, told) = answerTo(hello).shouldBeInstanceOf<Outcome.Failed>()
            withClue(failure) {
                failure.shouldBeInstanceOf<TlsHandshakeFailed>().reason shouldBeIn reasons.toList()
                told shouldBe alert(2, 0).size
            }
        }

        "$provider: a hello of today is answered" {
            answerTo(hello(ECDSA)) shouldBe Outcome.Waiting
        }

        for ((name, suite) in mapOf("RC4" to 0x0005, "NULL" to 0x0002, "EXPORT" to 0x0003, "3DES" to 0x000a, "anonymous" to 0x0034)) {
            "$provider: a client that has nothing but $name is refused, and told" {
                shouldBeRefused(hello(suite), Reason.NothingInCommon)
            }
        }

        "$provider: the hello of SSL 2 is no TLS, and is told so" {
            // Its length, the version that it would like, and lengths of three suites, no session and a challenge (RFC 5246, appendix E.2).
            val content = byteArrayOf(1, 3, 3, 0, 9, 0, 0, 0, 16) + ByteArray(9 + 16) { 5 }
            shouldBeRefused(byteArrayOf(0x80.toByte(), content.size.toByte()) + content, Reason.NotTls)
        }

        val names = mapOf(
            "NUL in it" to "local\u0000host",
            "nothing in it" to "",
            "bytes over 127" to "l\u00f6calhost",
            "255 bytes" to "a".repeat(255),
            "8 kB" to "a".repeat(8 * 1024),
        )
        for ((what, name) in names) {
            "$provider: a server name with $what is refused, or is none of ours" {
                val outcome = answerTo(hello(ECDSA, name))
                if (outcome != Outcome.Waiting) shouldBeRefused(hello(ECDSA, name), Reason.Other, Reason.RefusedByPeer)
            }
        }
    }
})

private const val ECDSA = 0xc02b

/** A ClientHello of TLS 1.2 (RFC 5246, section 7.4.1.2) with [suite] alone, that asks for [name]. */
private fun hello(suite: Int, name: String? = null): ByteArray {
    val extensions = bytes {
        if (name != null) {
            val encoded = name.toByteArray(Charsets.ISO_8859_1)
            extension(SERVER_NAME) {
                writeShort(encoded.size + 3)
                writeByte(0)
                writeShort(encoded.size)
                write(encoded)
            }
        }
        extension(SUPPORTED_GROUPS) {
            writeShort(2)
            writeShort(0x0017) // secp256r1
        }
        extension(SIGNATURE_ALGORITHMS) {
            writeShort(4)
            writeShort(0x0403) // ecdsa_secp256r1_sha256
            writeShort(0x0804) // rsa_pss_rsae_sha256
        }
    }
    val body = bytes {
        writeShort(0x0303)
        write(ByteArray(32) { it.toByte() })
        writeByte(0)
        writeShort(2)
        writeShort(suite)
        writeShort(0x0100) // no compression
        writeShort(extensions.size)
        write(extensions)
    }
    return record(Record.HANDSHAKE, *bytes { writeInt((1 shl 24) or body.size) }, *body)
}

private fun DataOutputStream.extension(type: Int, content: DataOutputStream.() -> Unit) {
    val encoded = bytes(content)
    writeShort(type)
    writeShort(encoded.size)
    write(encoded)
}

private fun bytes(write: DataOutputStream.() -> Unit): ByteArray = ByteArrayOutputStream().also {
    DataOutputStream(it).write()
}.toByteArray()
