package io.hawser.tls

import java.nio.file.Path
import java.util.Base64
import kotlin.text.Charsets.ISO_8859_1

/** What is between a BEGIN and an END of a PEM file (RFC 7468), with the headers of RFC 1421 if it has some. */
internal class PemBlock(val label: String, private val lines: List<String>, private val file: Path) {
    private val headers = if (lines.any { ':' in it }) lines.takeWhile { it.isNotEmpty() } else emptyList()

    /** Whether it is encrypted in the way that OpenSSL had before PKCS#8. */
    val isEncrypted: Boolean = headers.any { it.startsWith("Proc-Type:") && it.endsWith("ENCRYPTED") }

    /** @throws InvalidTlsConfiguration if it is not what base64 makes of bytes. */
    fun content(): ByteArray = try {
        Base64.getDecoder().decode(lines.drop(headers.size).joinToString("").filterNot { it == ' ' || it == '\t' })
    } catch (e: IllegalArgumentException) {
        throw invalid(file, "its block $label is not base64: ${e.words}", e)
    }
}

private const val BEGIN = "-----BEGIN "
private const val END = "-----END "
private const val DASHES = "-----"
private const val BYTE_ORDER_MARK = "\u00ef\u00bb\u00bf"

/**
 * The blocks of [content], in their order, at least one; text around them is of no account.
 *
 * @throws InvalidTlsConfiguration if there is none, or one without its end, as in a file that is being written.
 */
internal fun pemBlocks(content: ByteArray, file: Path): List<PemBlock> {
    val blocks = ArrayList<PemBlock>()
    var label: String? = null
    val lines = ArrayList<String>()
    for (line in String(content, ISO_8859_1).removePrefix(BYTE_ORDER_MARK).lineSequence().map { it.trim() }) {
        val open = label
        when {
            open == null -> label = line.takeIf { it.startsWith(BEGIN) && it.endsWith(DASHES) }?.removePrefix(BEGIN)?.removeSuffix(DASHES)

            !line.startsWith(DASHES) -> lines += line

            line == "$END$open$DASHES" -> {
                blocks += PemBlock(open, lines.toList(), file)
                lines.clear()
                label = null
            }

            else -> throw invalid(file, "its block $open has no end")
        }
    }
    if (label != null) throw invalid(file, "its block $label has no end")
    if (blocks.isEmpty()) {
        val isBinary = content.firstOrNull() == DER_SEQUENCE.toByte()
        throw invalid(file, if (isBinary) "is not PEM, but DER or PKCS#12" else "is not PEM: nothing in it begins with $BEGIN")
    }
    return blocks
}

/** What is in a file that has not got what is looked for. */
internal fun List<PemBlock>.contents(): String =
    map { it.label.filterNot { c -> c.isISOControl() }.take(LONGEST_LABEL) }.distinct().take(MOST_LABELS).joinToString()

private const val LONGEST_LABEL = 40
private const val MOST_LABELS = 5
