package io.hawser.samples.metrics

import io.hawser.Connection
import io.hawser.FrameTooLarge
import io.hawser.MalformedFrame
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry
import java.io.IOException
import java.nio.ByteBuffer
import kotlin.time.Duration.Companion.minutes
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.withTimeoutOrNull

private const val LONGEST_LINE = 8 * 1024
private const val MOST_HEADERS = 100

/** How long a connection may say nothing. */
private val BETWEEN = 1.minutes

/** How long somebody may ask, and take his answer. */
private val PATIENCE = 10.seconds
private val METHODS = setOf("GET", "HEAD")
private const val TEXT = "text/plain; charset=utf-8"

/** What Prometheus calls its format. */
private const val SCRAPED = "text/plain; version=0.0.4; charset=utf-8"
private const val BAD = "400 Bad Request"
private const val TOO_LARGE = "431 Request Header Fields Too Large"

/**
 * Answers `GET /metrics` with all that [registry] has, in HTTP/1.1, one request after the other on each connection. Who is too slow for
 * that is hung up on, so that he keeps nobody out.
 */
internal fun scrapePage(registry: PrometheusMeterRegistry): suspend CoroutineScope.(Connection) -> Unit = { connection ->
    do {
        val staysOpen = try {
            withTimeoutOrNull(BETWEEN) { connection.awaitReadable() } != null &&
                withTimeoutOrNull(PATIENCE) { connection.converse(registry) } == true
        } catch (e: IOException) {
            connection.refuse(e)
            false
        }
    } while (staysOpen)
}

/** One request, and its answer; false if there is to be no other. */
private suspend fun Connection.converse(registry: PrometheusMeterRegistry): Boolean {
    val words = (readLine(LONGEST_LINE) ?: return false).split(' ')
    val headers = headers() ?: return false
    if (words.size != 3 || !words[2].startsWith("HTTP/1.")) throw BadRequest(BAD)
    // Nothing here has a body to be asked with: what follows would be taken for the next request.
    if ("transfer-encoding" in headers || (headers["content-length"] ?: "0") != "0") throw BadRequest(BAD)
    val options = headers["connection"].orEmpty().lowercase().split(',').map(String::trim)
    val staysOpen = if (words[2] == "HTTP/1.0") "keep-alive" in options else "close" !in options
    answer(words[0], answerTo(words[0], words[1].path(), registry), staysOpen)
    return staysOpen
}

private fun answerTo(method: String, path: String, registry: PrometheusMeterRegistry): HttpAnswer = when {
    method !in METHODS -> HttpAnswer("405 Method Not Allowed", TEXT, "GET or HEAD\n", "Allow: GET, HEAD\r\n")
    path != "/metrics" -> HttpAnswer("404 Not Found", TEXT, "see /metrics\n")
    else -> HttpAnswer("200 OK", SCRAPED, registry.scrape(SCRAPED))
}

private class HttpAnswer(val status: String, val type: String, val body: String, val more: String = "")

/** What somebody asks in a way that can be answered with [status] only. */
private class BadRequest(val status: String) : IOException(status)

/** Of what is asked for, which has the host before it where somebody takes us for a proxy. */
private fun String.path(): String {
    val target = substringBefore('?')
    return if (target.startsWith("http://", ignoreCase = true)) "/" + target.drop("http://".length).substringAfter('/', "") else target
}

/** The headers by their names in small letters, the values of one name in one; null if the end comes before theirs. */
private suspend fun Connection.headers(): Map<String, String>? {
    val headers = mutableMapOf<String, String>()
    repeat(MOST_HEADERS) {
        val line = readLine(LONGEST_LINE) ?: return null
        if (line.isEmpty()) return headers
        val name = line.substringBefore(':', "")
        // Others may read such a name differently, and with it where the request ends.
        if (name.isEmpty() || name.any(Char::isWhitespace)) throw BadRequest(BAD)
        headers.merge(name.lowercase(), line.substringAfter(':').trim()) { one, other -> "$one, $other" }
    }
    throw BadRequest(TOO_LARGE)
}

/** Tells somebody who cannot be understood why; what else has failed is passed on. */
private suspend fun Connection.refuse(cause: IOException) {
    val status = when (cause) {
        is BadRequest -> cause.status
        is FrameTooLarge -> TOO_LARGE
        is MalformedFrame -> BAD
        else -> throw cause
    }
    withTimeoutOrNull(PATIENCE) { answer("GET", HttpAnswer(status, TEXT, "$status\n"), staysOpen = false) }
}

private suspend fun Connection.answer(method: String, answer: HttpAnswer, staysOpen: Boolean) {
    val body = answer.body.encodeToByteArray()
    val head = "HTTP/1.1 ${answer.status}\r\nContent-Type: ${answer.type}\r\nContent-Length: ${body.size}\r\n${answer.more}" +
        "Connection: ${if (staysOpen) "keep-alive" else "close"}\r\n\r\n"
    val sent = ByteBuffer.wrap(head.encodeToByteArray())
    if (method == "HEAD") write(sent) else write(arrayOf(sent, ByteBuffer.wrap(body)))
}
