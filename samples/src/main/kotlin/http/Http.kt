package io.hawser.samples.http

import io.hawser.Connection
import io.hawser.FrameTooLarge
import io.hawser.MalformedFrame
import io.hawser.OnDrain
import io.hawser.ServerOptions
import io.hawser.UnexpectedEnd
import io.hawser.framing.Lines
import io.hawser.framing.framed
import java.io.ByteArrayOutputStream
import java.io.IOException
import java.nio.ByteBuffer
import java.nio.file.Files
import java.nio.file.Path
import java.time.Instant
import java.time.ZoneOffset
import java.time.format.DateTimeFormatter
import java.util.Locale
import kotlin.time.Duration.Companion.minutes
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.withTimeoutOrNull

/** How long a connection may say nothing after an answer. */
private val BETWEEN = 1.minutes

/** How long somebody may take to begin with his first request, and how long to end each. */
private val PATIENCE = 10.seconds
private const val MOST_CONNECTIONS = 500
private const val LARGEST_BODY = 64 * 1024

/** So much memory a body gets before it is there. */
private const val PIECE = 4 * 1024
private const val LONGEST_CHUNK_SIZE = 256
private const val TOO_LARGE = "413 Content Too Large"
internal const val TEXT = "text/plain; charset=utf-8"
private const val NAME = "[!#$%&'*+.^_`|~0-9A-Za-z-]+"
private const val QUOTED = """"(?:[\t !#-\[\]-~\u0080-\uffff]|\\[\t -~\u0080-\uffff])*""""
private val CHUNK_SIZE = Regex("0*([0-9A-Fa-f]{1,7})(?:[ \t]*;[ \t]*$NAME(?:[ \t]*=[ \t]*(?:$NAME|$QUOTED))?)*")

/** How HTTP writes the time; Java's own format of RFC 1123 has days of one digit. */
internal val HTTP_DATE: DateTimeFormatter =
    DateTimeFormatter.ofPattern("EEE, dd MMM yyyy HH:mm:ss 'GMT'", Locale.ENGLISH).withZone(ZoneOffset.UTC)

/**
 * For a server of [http], [more] of them too: who stops taking an answer is hung up on, and a drain ends who does not ask. Who takes an
 * answer slowly, but takes it, keeps his connection; there are only so many.
 */
internal fun httpOptions(more: ServerOptions.Builder.() -> Unit = {}): ServerOptions = ServerOptions {
    maxConnections = MOST_CONNECTIONS
    writeTimeout = PATIENCE
    onDrain = OnDrain.EndInput
    more()
}

/** What somebody asks, all of it. */
internal class HttpRequest(val head: RequestHead, val body: ByteArray) {
    val method: String get() = head.method
    val path: String get() = head.path
}

/** What somebody is told: [body], or the first [length] bytes of [file]. */
internal class HttpAnswer(
    val status: String,
    val type: String,
    val body: ByteArray,
    val more: String = "",
    val file: Path? = null,
    val length: Long = body.size.toLong(),
) {
    constructor(status: String, text: String, type: String = TEXT, more: String = "") : this(status, type, text.encodeToByteArray(), more)

    companion object {
        /** All of [file], which the disk is asked about. */
        fun of(file: Path, type: String): HttpAnswer = HttpAnswer("200 OK", type, ByteArray(0), file = file, length = Files.size(file))
    }
}

/**
 * A handler that speaks HTTP/1.1: it has [answer] answer one request after the other on each connection, as long as both sides like. Who is
 * too slow to ask is hung up on, so that he keeps nobody out, and who asks in a way that others could read differently is refused.
 */
internal fun http(answer: suspend (HttpRequest) -> HttpAnswer): suspend CoroutineScope.(Connection) -> Unit = { connection ->
    var patience = PATIENCE
    do {
        val staysOpen = try {
            withTimeoutOrNull(patience) { connection.awaitReadable() } != null && connection.converse(answer)
        } catch (e: IOException) {
            connection.refuse(e)
            false
        }
        patience = BETWEEN
    } while (staysOpen)
}

/** One request, and its answer; false if there is to be no other. */
private suspend fun Connection.converse(answer: suspend (HttpRequest) -> HttpAnswer): Boolean {
    val request = withTimeoutOrNull(PATIENCE) { request() } ?: return false
    val given = answer(request)
    val staysOpen = request.head.staysOpen && !draining.value
    send(given, hasBody = request.method != "HEAD", staysOpen)
    return staysOpen
}

private suspend fun Connection.request(): HttpRequest? {
    val head = framed(RequestHeads).receive() ?: return null
    if (head.length > LARGEST_BODY) throw Refused(TOO_LARGE)
    if (head.waits && (head.isChunked || head.length > 0)) write(ByteBuffer.wrap("HTTP/1.1 100 Continue\r\n\r\n".encodeToByteArray()))
    val body = ByteArrayOutputStream()
    if (head.isChunked) readChunks(body) else readPieces(head.length.toInt(), body)
    return HttpRequest(head, body.toByteArray())
}

private suspend fun Connection.readPieces(count: Int, body: ByteArrayOutputStream) {
    for (at in 0 until count step PIECE) body.writeBytes(readExactly(minOf(PIECE, count - at)))
}

private suspend fun Connection.readChunks(body: ByteArrayOutputStream) {
    while (true) {
        val size = CHUNK_SIZE.matchEntire(nextLine(LONGEST_CHUNK_SIZE))?.run { groupValues[1].toInt(radix = 16) } ?: throw Refused(BAD)
        if (size > LARGEST_BODY - body.size()) throw Refused(TOO_LARGE)
        if (size == 0) break
        readPieces(size, body)
        if (nextLine(limit = 0) != "") throw Refused(BAD)
    }
    // What may follow are headers that nobody here asks for.
    repeat(MOST_HEADERS) { if (RequestHeads.header(nextLine(LONGEST_LINE).ifEmpty { return }).first in ONCE) throw Refused(BAD) }
    if (nextLine(limit = 0) != "") throw Refused(BAD)
}

private suspend fun Connection.nextLine(limit: Int): String =
    framed(Lines(limit, Lines.Ending.CRLF)).receive() ?: throw UnexpectedEnd(endpoint, 0, "a line")

/** Tells somebody who cannot be understood why; what else has failed is passed on. */
private suspend fun Connection.refuse(cause: IOException) {
    val status = when (cause) {
        is Refused -> cause.status
        is FrameTooLarge, is MalformedFrame -> BAD
        is UnexpectedEnd -> if (draining.value) "503 Service Unavailable" else BAD
        else -> throw cause
    }
    // What has been asked is not known, and the answer to a HEAD has no body.
    send(HttpAnswer(status, ""), hasBody = false, staysOpen = false)
}

private suspend fun Connection.send(answer: HttpAnswer, hasBody: Boolean, staysOpen: Boolean) {
    val text = "HTTP/1.1 ${answer.status}\r\nContent-Type: ${answer.type}\r\nContent-Length: ${answer.length}\r\n${answer.more}" +
        "Date: ${HTTP_DATE.format(Instant.now())}\r\nConnection: ${if (staysOpen) "keep-alive" else "close"}\r\n\r\n"
    val head = ByteBuffer.wrap(text.encodeToByteArray())
    when {
        !hasBody -> write(head)

        answer.file == null -> write(arrayOf(head, ByteBuffer.wrap(answer.body)))

        else -> {
            write(head)
            // It has become shorter: what follows would be taken for the rest of it.
            if (sendFile(answer.file, count = answer.length) < answer.length) abort()
        }
    }
}
