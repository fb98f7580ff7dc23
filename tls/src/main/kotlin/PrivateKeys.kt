package io.hawser.tls

import java.nio.file.Path
import java.security.KeyFactory
import java.security.PrivateKey
import java.security.spec.PKCS8EncodedKeySpec
import java.util.HexFormat

private val keyFactories = mapOf(
    "1.2.840.113549.1.1.1" to "RSA",
    "1.2.840.113549.1.1.10" to "RSASSA-PSS",
    "1.2.840.10045.2.1" to "EC",
    "1.3.101.112" to "Ed25519",
    "1.3.101.113" to "Ed448",
)

private val version0 = HexFormat.of().parseHex("020100")

/** 1.2.840.113549.1.1.1, and the NULL that RFC 3279 wants behind it. */
private val rsa = HexFormat.of().parseHex("06092a864886f70d0101010500")

/** 1.2.840.10045.2.1, which a curve follows. */
private val ec = HexFormat.of().parseHex("06072a8648ce3d0201")

/**
 * The one private key of [content], which [file] has: PKCS#8, plain or encrypted with [password], or what OpenSSL wrote before that.
 *
 * @throws InvalidTlsConfiguration if there is none, or several, or one that nobody here can read.
 */
internal fun privateKey(content: ByteArray, file: Path, password: CharArray?): PrivateKey {
    val blocks = pemBlocks(content, file)
    val keys = blocks.filter { it.label.endsWith("PRIVATE KEY") }
    if (keys.isEmpty()) throw invalid(file, "a private key is expected, and it holds: ${blocks.contents()}")
    val block = keys.singleOrNull() ?: throw invalid(file, "one private key is expected, and it holds ${keys.size}")
    if (block.isEncrypted) throw invalid(file, "its key is encrypted as nobody should any more: convert it with openssl pkcs8 -topk8")
    return when (block.label) {
        "PRIVATE KEY" -> fromPkcs8(block.content(), file)
        "ENCRYPTED PRIVATE KEY" -> fromPkcs8(decryptedKey(block.content(), file, password), file)
        "RSA PRIVATE KEY" -> fromPkcs1(block.content(), file)
        "EC PRIVATE KEY" -> fromSec1(block.content(), blocks.find { it.label == "EC PARAMETERS" }?.content(), file)
        "OPENSSH PRIVATE KEY" -> throw invalid(file, "its key is one for SSH: convert it with ssh-keygen -p -m PKCS8")
        else -> throw invalid(file, "its key is of no use for TLS: ${listOf(block).contents()}")
    }
}

private fun fromPkcs8(der: ByteArray, file: Path): PrivateKey = reading(unreadable(file)) {
    val algorithm = algorithmOfPkcs8(der)
    val factory = keyFactories[algorithm] ?: throw invalid(file, "its key is of no use for TLS: its algorithm is $algorithm")
    KeyFactory.getInstance(factory).generatePrivate(PKCS8EncodedKeySpec(der))
}

/** @throws MalformedDer if [der] is no PKCS#8 at all. */
internal fun algorithmOfPkcs8(der: ByteArray): String {
    val key = Der(der).sequence()
    key.int()
    val algorithm = key.sequence().oid()
    key.octets()
    return algorithm
}

private fun fromPkcs1(der: ByteArray, file: Path): PrivateKey =
    fromPkcs8(derOf(DER_SEQUENCE, version0, derOf(DER_SEQUENCE, rsa), derOf(DER_OCTETS, der)), file)

/** [parameters] are those of a block of their own, which `openssl ecparam -genkey` writes before the key. */
private fun fromSec1(der: ByteArray, parameters: ByteArray?, file: Path): PrivateKey {
    val curve = reading(unreadable(file)) {
        val key = Der(der).sequence()
        key.int()
        key.octets()
        if (key.isNext(DER_FIELD_0)) key.inside(DER_FIELD_0).rest() else parameters
    }
    if (curve == null) throw invalid(file, "its EC PRIVATE KEY does not say on which curve it is, and no EC PARAMETERS do")
    return fromPkcs8(derOf(DER_SEQUENCE, version0, derOf(DER_SEQUENCE, ec, curve), derOf(DER_OCTETS, der)), file)
}

private fun unreadable(file: Path): (Exception) -> InvalidTlsConfiguration =
    { invalid(file, "its private key cannot be read: ${it.words}", it) }
