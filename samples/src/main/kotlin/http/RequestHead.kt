package io.hawser.samples.http

import io.hawser.Endpoint
import io.hawser.framing.FrameCodec
import java.io.IOException
import java.nio.ByteBuffer

internal const val LONGEST_LINE = 8 * 1024
internal const val MOST_HEADERS = 100
private const val LONGEST_HEAD = 32 * 1024
private const val LINE_FEED = '\n'.code.toByte()
private const val CARRIAGE_RETURN = '\r'.code.toByte()
internal const val BAD = "400 Bad Request"
private const val TOO_LONG = "414 URI Too Long"
private const val TOO_LARGE = "431 Request Header Fields Too Large"
private val METHODS = setOf("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")
private val VERSION = Regex("HTTP/[0-9]\\.[0-9]")

/** A name, which may be empty, or the address in brackets, and a port. */
private val HOST = Regex("(?!.*%(?![0-9A-Fa-f]{2}))(?:\\[[0-9A-Fa-f:.]+]|[A-Za-z0-9._~!$&'()*+,;=%-]*)(?::[0-9]*)?")
private val ABSOLUTE = Regex("https?://([^/?]+)(.*)", RegexOption.IGNORE_CASE)

/** Others could read a message with two of these differently, and with it where the next one begins. */
internal val ONCE = setOf("host", "content-length", "transfer-encoding")

/** What is asked can be answered with [status] only. */
internal class Refused(val status: String) : IOException(status)

/** What comes before the body of a request. [headers] have their names in small letters, and the values of one name in one. */
internal class RequestHead(val method: String, val target: String, val isOld: Boolean, val headers: Map<String, String>) {
    /** Of what is asked for, which has the host before it where somebody takes us for a proxy, or `*` for the server itself. */
    val path: String = when {
        target.startsWith('/') -> target

        target == "*" && method == "OPTIONS" -> target

        else -> ABSOLUTE.matchEntire(target)?.destructured?.let { (host, rest) -> rest.takeIf { host.isHost() && !host.startsWith(':') } }
            ?.let { if (it.startsWith('/')) it else "/$it" } ?: throw Refused(BAD)
    }.substringBefore('?')

    val isChunked: Boolean = "transfer-encoding" in headers

    /** Bytes of the body, if it is not [isChunked]. */
    val length: Long

    /** Whether the other side waits with the body until it is asked for it. */
    val waits: Boolean = !isOld && headers["expect"].equals("100-continue", ignoreCase = true)

    /** Whether the connection is to go on after this request. */
    val staysOpen: Boolean = headers["connection"].orEmpty().lowercase().split(',').map(String::trim).let {
        if (isOld) "keep-alive" in it else "close" !in it
    }

    init {
        if (!(headers["host"]?.isHost() ?: isOld)) throw Refused(BAD)
        if (isChunked && (isOld || "content-length" in headers)) throw Refused(BAD)
        if (isChunked && !headers["transfer-encoding"].equals("chunked", ignoreCase = true)) throw Refused("501 Not Implemented")
        if ("expect" in headers && !isOld && !waits) throw Refused("417 Expectation Failed")
        val digits = headers["content-length"] ?: "0"
        length = digits.toLongOrNull()?.takeIf { digits.all { digit -> digit in '0'..'9' } } ?: throw Refused(BAD)
    }
}

/** The heads of requests in HTTP/1, as strictly as [RFC 9112](https://www.rfc-editor.org/rfc/rfc9112) lets a server be. */
internal object RequestHeads : FrameCodec<RequestHead> {
    override fun decode(bytes: ByteBuffer, seen: Int, peer: Endpoint): RequestHead? {
        val start = bytes.position()
        // Old clients put an empty line behind a body.
        val first = if (bytes.remaining() > 1 && bytes.get(start) == CARRIAGE_RETURN &&
            bytes.get(start + 1) == LINE_FEED
        ) {
            start + 2
        } else {
            start
        }
        var at = maxOf(start + seen, first)
        while (at < bytes.limit()) {
            if (bytes.get(at) == LINE_FEED) {
                if (at == first || bytes.get(at - 1) != CARRIAGE_RETURN) throw Refused(BAD)
                if (at - first < 2 || bytes.get(at - 2) == LINE_FEED) break
            }
            if (++at - first > LONGEST_HEAD) throw Refused(TOO_LARGE)
        }
        val size = at - 1 - first
        if (at < bytes.limit()) {
            val text = String(ByteArray(size).also { bytes.get(first, it) }, Charsets.ISO_8859_1)
            bytes.position(at + 1)
            return head(text.removeSuffix("\r\n").split("\r\n"))
        }
        if (size > LONGEST_LINE && (first until at).none { bytes.get(it) == LINE_FEED }) throw Refused(TOO_LONG)
        return null
    }

    override fun encode(frame: RequestHead, peer: Endpoint): Array<ByteBuffer> {
        val lines =
            listOf("${frame.method} ${frame.target} HTTP/1.${if (frame.isOld) 0 else 1}") + frame.headers.map { "${it.key}: ${it.value}" }
        return arrayOf(ByteBuffer.wrap(lines.joinToString("") { "$it\r\n" }.plus("\r\n").toByteArray(Charsets.ISO_8859_1)))
    }

    private fun head(lines: List<String>): RequestHead {
        val words = lines.first().split(' ')
        if (words.size != 3 || !words[0].isToken() || words[1].isEmpty() || words[1].hasControls() ||
            !VERSION.matches(words[2])
        ) {
            throw Refused(BAD)
        }
        if (lines.first().length > LONGEST_LINE) throw Refused(TOO_LONG)
        if (!words[2].startsWith("HTTP/1.")) throw Refused("505 HTTP Version Not Supported")
        if (words[0] !in METHODS) throw Refused("501 Not Implemented")
        if (lines.size - 1 > MOST_HEADERS) throw Refused(TOO_LARGE)
        val headers = HashMap<String, String>()
        for (line in lines.drop(1)) {
            val (name, value) = header(line)
            if (name in ONCE && name in headers) throw Refused(BAD)
            headers.merge(name, value) { one, other -> "$one, $other" }
        }
        return RequestHead(words[0], words[1], words[2] == "HTTP/1.0", headers)
    }

    /** The name that [line] has, in small letters, and its value. */
    fun header(line: String): Pair<String, String> {
        // Without a name are also lines that go on with the one before (obs-fold).
        val name = line.substringBefore(':', "").lowercase()
        val value = line.substringAfter(':').trim(' ', '\t')
        if (!name.isToken() || value.hasControls()) throw Refused(BAD)
        return name to value
    }

    private fun String.isToken() = isNotEmpty() && all { it in 'a'..'z' || it in 'A'..'Z' || it in '0'..'9' || it in "!#$%&'*+-.^_`|~" }

    private fun String.hasControls() = any { (it < ' ' && it != '\t') || it == '\u007f' }
}

private fun String.isHost() = HOST.matches(this)
