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
import java.time.ZoneOffset
import java.time.ZonedDateTime
import java.time.format.DateTimeFormatter.RFC_1123_DATE_TIME
import kotlin.time.Duration.Companion.minutes
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.withTimeoutOrNull

/** How long a connection may say nothing. */
private val BETWEEN = 1.minutes

/** How long somebody may ask. */
private val PATIENCE = 10.seconds
private const val LARGEST_BODY = 1 shl 20
private const val TOO_LARGE = "413 Content Too Large"
private val CHUNK_SIZE = Regex("([0-9A-Fa-f]{1,7})[ \t]*(;.*)?")
internal const val TEXT = "text/plain; charset=utf-8"

/** For a server of [http], [more] of them too: who stops taking an answer is hung up on, and a drain ends who does not ask. */
internal fun httpOptions(more: ServerOptions.Builder.() -> Unit = {}): ServerOptions = ServerOptions {
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
    do {
        val staysOpen = try {
            withTimeoutOrNull(BETWEEN) { connection.awaitReadable() } != null && connection.converse(answer)
        } catch (e: IOException) {
            connection.refuse(e)
            false
        }
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
    return HttpRequest(head, if (head.isChunked) chunks() else readExactly(head.length.toInt()))
}

private suspend fun Connection.chunks(): ByteArray {
    val lines = framed(Lines(LONGEST_LINE, Lines.Ending.CRLF))
    val body = ByteArrayOutputStream()
    while (true) {
        val size = CHUNK_SIZE.matchEntire(lines.receive().orEmpty())?.run { groupValues[1].toInt(radix = 16) } ?: throw Refused(BAD)
        if (size > LARGEST_BODY - body.size()) throw Refused(TOO_LARGE)
        if (size == 0) break
        body.writeBytes(readExactly(size))
        if (lines.receive() != "") throw Refused(BAD)
    }
    // What may follow are headers that nobody here asks for.
    repeat(MOST_HEADERS) { if ((lines.receive() ?: throw Refused(BAD)).isEmpty()) return body.toByteArray() }
    throw Refused(BAD)
}

/** Tells somebody who cannot be understood why; what else has failed is passed on. */
private suspend fun Connection.refuse(cause: IOException) {
    val status = when (cause) {
        is Refused -> cause.status
        is FrameTooLarge, is MalformedFrame -> BAD
        is UnexpectedEnd -> if (draining.value) "503 Service Unavailable" else BAD
        else -> throw cause
    }
    send(HttpAnswer(status, "$status\n"), hasBody = true, staysOpen = false)
}

private suspend fun Connection.send(answer: HttpAnswer, hasBody: Boolean, staysOpen: Boolean) {
    val text = "HTTP/1.1 ${answer.status}\r\nContent-Type: ${answer.type}\r\nContent-Length: ${answer.length}\r\n${answer.more}" +
        "Date: ${RFC_1123_DATE_TIME.format(
            ZonedDateTime.now(ZoneOffset.UTC),
        )}\r\nConnection: ${if (staysOpen) "keep-alive" else "close"}\r\n\r\n"
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
