package io.hawser.tls

import java.nio.file.Path
import java.security.cert.CertificateFactory
import java.security.cert.X509Certificate

private val plain = setOf("CERTIFICATE", "X509 CERTIFICATE")

/**
 * The certificates in the file [pem], in their order, at least one.
 *
 * @throws InvalidTlsConfiguration if it cannot be read, or there is none, or one that is damaged.
 */
internal fun certificatesIn(pem: Path): List<X509Certificate> = certificates(contentOf(pem), pem)

/** Those in [content], which [file] has. */
internal fun certificates(content: ByteArray, file: Path): List<X509Certificate> {
    val blocks = pemBlocks(content, file)
    if (blocks.any { it.label == "TRUSTED CERTIFICATE" }) {
        throw invalid(file, "holds a TRUSTED CERTIFICATE, which is of OpenSSL alone: convert it with openssl x509")
    }
    val found = blocks.filter { it.label in plain }
    if (found.isEmpty()) throw invalid(file, "a certificate is expected, and it holds: ${blocks.contents()}")
    return found.mapIndexed { i, block -> certificate(block.content(), file, i + 1) }
}

private fun certificate(der: ByteArray, file: Path, number: Int): X509Certificate =
    reading({ invalid(file, "its certificate $number is damaged: ${it.words}", it) }) {
        CertificateFactory.getInstance("X.509").generateCertificate(der.inputStream()) as X509Certificate
    }
