package io.hawser.samples.metrics

import io.hawser.Connection
import io.hawser.samples.http.HttpAnswer
import io.hawser.samples.http.http
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry
import kotlinx.coroutines.CoroutineScope

private val METHODS = setOf("GET", "HEAD")

/** What Prometheus calls its format. */
private const val SCRAPED = "text/plain; version=0.0.4; charset=utf-8"

/** Answers `GET /metrics` with all that [registry] has. */
internal fun scrapePage(registry: PrometheusMeterRegistry): suspend CoroutineScope.(Connection) -> Unit = http { request ->
    when {
        request.method !in METHODS -> HttpAnswer("405 Method Not Allowed", "GET or HEAD\n", more = "Allow: GET, HEAD\r\n")
        request.path != "/metrics" -> HttpAnswer("404 Not Found", "see /metrics\n")
        else -> HttpAnswer("200 OK", registry.scrape(SCRAPED), SCRAPED)
    }
}
