package io.hawser.samples.programs

import io.hawser.Hawser
import io.hawser.samples.http.HttpAnswer
import io.hawser.samples.http.HttpRequest
import io.hawser.samples.http.http
import io.hawser.samples.http.httpOptions
import io.hawser.shutdownOnTermination
import java.io.IOException
import java.net.URLDecoder
import java.nio.file.Files
import java.nio.file.Path
import kotlin.io.path.extension
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.updateAndGet
import kotlinx.coroutines.withContext

private const val MOST_GUESTS = 100
private const val LONGEST_NAME = 100

/** What browsers are to make of a file, by the end of its name. */
private val types = mapOf(
    "html" to "text/html; charset=utf-8",
    "txt" to "text/plain; charset=utf-8",
    "css" to "text/css; charset=utf-8",
    "js" to "text/javascript; charset=utf-8",
    "json" to "application/json",
    "svg" to "image/svg+xml",
    "png" to "image/png",
    "jpg" to "image/jpeg",
)

/**
 * A web server: `ENDPOINT FOLDER` serves the files of the folder, and a guest book at `/guests` that whoever posts a name is in. Protocols
 * are what one builds on Hawser; [http] is one, of two files. At SIGTERM who has asked gets an answer.
 */
public suspend fun main(args: Array<String>): Unit = coroutineScope {
    val (endpoint, folder) = args
    val site = Site(Path.of(folder).toRealPath())
    val server = Hawser.streamServer(endpoint, httpOptions()).start(this, http(site::answer))
    shutdownOnTermination { server.shutdown(grace = 10.seconds) }.use {
        println("serves $folder on ${server.endpoint}")
        server.awaitClosed()
    }
}

private class Site(private val folder: Path) {
    private val guests = MutableStateFlow(emptyList<String>())

    suspend fun answer(request: HttpRequest): HttpAnswer {
        val isReading = request.method == "GET" || request.method == "HEAD"
        return when {
            request.path == "/guests" && isReading -> list(guests.value)
            request.path == "/guests" && request.method == "POST" -> enter(request.body.decodeToString().trim())
            request.path == "/guests" -> refuse("405 Method Not Allowed", "Allow: GET, HEAD, POST\r\n")
            isReading -> withContext(Dispatchers.IO) { file(request.path) }
            else -> refuse("405 Method Not Allowed", "Allow: GET, HEAD\r\n")
        }
    }

    private fun enter(name: String): HttpAnswer {
        if (name.length !in 1..LONGEST_NAME || name.any(Char::isISOControl)) return refuse("400 Bad Request")
        return list(guests.updateAndGet { (it + name).takeLast(MOST_GUESTS) })
    }

    private fun list(names: List<String>) = HttpAnswer("200 OK", names.joinToString("") { "$it\n" })

    private fun refuse(status: String, more: String = "") = HttpAnswer(status, "$status\n", more = more)

    /** Whatever leads out of the folder is not there: by names, however they are written, or by links. */
    private fun file(path: String): HttpAnswer {
        try {
            val names = URLDecoder.decode(path.replace("+", "%2B"), Charsets.UTF_8).split('/').filter(String::isNotEmpty)
            val asked = names.fold(folder, Path::resolve).toRealPath()
            val file = if (Files.isDirectory(asked)) asked.resolve("index.html").toRealPath() else asked
            if (".." !in names && file.startsWith(folder) && Files.isRegularFile(file) && Files.isReadable(file)) {
                return HttpAnswer.of(file, types[file.extension] ?: "application/octet-stream")
            }
        } catch (_: IOException) {
            // Nobody needs to know why it is not there.
        } catch (_: IllegalArgumentException) {
            // No path: half an escape, or a zero in it.
        }
        return refuse("404 Not Found")
    }
}
