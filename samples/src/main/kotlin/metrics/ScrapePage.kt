package io.hawser.samples.metrics

import io.hawser.Connection
import io.hawser.FrameTooLarge
import io.hawser.MalformedFrame
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry
import java.nio.ByteBuffer
import kotlinx.coroutines.CoroutineScope

private const val LONGEST_LINE = 8 * 1024
private const val MOST_HEADERS = 100
private val METHODS = setOf("GET", "HEAD")
private const val TEXT = "text/plain; charset=utf-8"

/** What Prometheus calls its format. */
private const val SCRAPED = "text/plain; version=0.0.4; charset=utf-8"

/** Answers `GET /metrics` with all that [registry] has, in HTTP/1.1, one request after the other on each connection. */
internal fun scrapePage(registry: PrometheusMeterRegistry): suspend CoroutineScope.(Connection) -> Unit = { connection ->
    do {
        val request = connection.request()
        if (request != null) connection.answer(request, answerTo(request, registry))
    } while (request?.staysOpen == true)
}

private fun answerTo(request: HttpRequest, registry: PrometheusMeterRegistry): HttpAnswer = when {
    request.fault != null -> HttpAnswer(request.fault, TEXT, "${request.fault}\n")
    request.method !in METHODS -> HttpAnswer("405 Method Not Allowed", TEXT, "GET or HEAD\n", "Allow: GET, HEAD\r\n")
    request.path != "/metrics" -> HttpAnswer("404 Not Found", TEXT, "see /metrics\n")
    else -> HttpAnswer("200 OK", SCRAPED, registry.scrape(SCRAPED))
}

/** What somebody asks for; with a [fault] it cannot be answered otherwise. */
private class HttpRequest(val method: String, val path: String, val staysOpen: Boolean, val fault: String? = null)

private class HttpAnswer(val status: String, val type: String, val body: String, val more: String = "")

/** The next request, or null if there is none. */
private suspend fun Connection.request(): HttpRequest? {
    return try {
        val words = (readLine(LONGEST_LINE) ?: return null).split(' ')
        val headers = headers() ?: return broken("431 Request Header Fields Too Large")
        if (words.size != 3 || !words[2].startsWith("HTTP/1.")) return broken("400 Bad Request")
        // Nothing here has a body to be asked with: what follows would be taken for the next request.
        if ("transfer-encoding" in headers || (headers["content-length"] ?: "0") != "0") return broken("400 Bad Request")
        val connection = headers["connection"].orEmpty().lowercase()
        val staysOpen = if (words[2] == "HTTP/1.0") connection == "keep-alive" else connection != "close"
        HttpRequest(words[0], words[1].substringBefore('?'), staysOpen)
    } catch (_: FrameTooLarge) {
        broken("431 Request Header Fields Too Large")
    } catch (_: MalformedFrame) {
        broken("400 Bad Request")
    }
}

private fun broken(fault: String) = HttpRequest("", "", staysOpen = false, fault)

/** The headers by their names in small letters, or null if there are too many. */
private suspend fun Connection.headers(): Map<String, String>? {
    val headers = mutableMapOf<String, String>()
    repeat(MOST_HEADERS) {
        val line = readLine(LONGEST_LINE)
        if (line.isNullOrEmpty()) return headers
        headers[line.substringBefore(':').lowercase()] = line.substringAfter(':').trim()
    }
    return null
}

private suspend fun Connection.answer(request: HttpRequest, answer: HttpAnswer) {
    val body = answer.body.encodeToByteArray()
    val head = "HTTP/1.1 ${answer.status}\r\nContent-Type: ${answer.type}\r\nContent-Length: ${body.size}\r\n${answer.more}" +
        "Connection: ${if (request.staysOpen) "keep-alive" else "close"}\r\n\r\n"
    val sent = ByteBuffer.wrap(head.encodeToByteArray())
    if (request.method == "HEAD") write(sent) else write(arrayOf(sent, ByteBuffer.wrap(body)))
}
