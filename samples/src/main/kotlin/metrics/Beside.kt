package io.hawser.samples.metrics

import io.hawser.Endpoint
import io.hawser.Hawser
import io.hawser.micrometer.HawserMetrics
import io.hawser.samples.http.httpOptions
import io.micrometer.prometheusmetrics.PrometheusConfig
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.coroutineScope

/** More than scrape it at a time do not mean well. */
private const val SCRAPERS = 32

/**
 * Runs [block], which is told where the page is, and as long as that lasts serves a page at [endpoint] from which Prometheus scrapes
 * [metrics].
 *
 * @throws io.hawser.BindFailed if it cannot listen there.
 */
internal suspend fun besideScrapePage(endpoint: Endpoint, metrics: List<HawserMetrics>, block: suspend (page: Endpoint) -> Unit) {
    val registry = PrometheusMeterRegistry(PrometheusConfig.DEFAULT)
    val options = httpOptions {
        maxConnections = SCRAPERS
        // To look at all meters takes longer than a loop has.
        handlerContext = Dispatchers.Default
    }
    try {
        metrics.forEach { it.bindTo(registry) }
        coroutineScope {
            Hawser.streamServer(endpoint, options).start(this, scrapePage(registry)).use { page -> block(page.endpoint) }
        }
    } finally {
        metrics.forEach(HawserMetrics::close)
        registry.close()
    }
}
