package io.hawser.samples.metrics

import io.hawser.copyTo
import io.hawser.micrometer.ServerMetrics
import io.hawser.samples.Child
import io.hawser.samples.connected
import io.hawser.samples.http.httpOptions
import io.hawser.samples.port
import io.hawser.tcp.Tcp
import io.hawser.testkit.LeakCheck
import io.hawser.testkit.Memory
import io.hawser.testkit.virtualTime
import io.kotest.core.spec.style.StringSpec
import io.kotest.engine.spec.tempdir
import io.kotest.matchers.collections.shouldContainAll
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldStartWith
import io.micrometer.prometheusmetrics.PrometheusConfig
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry
import kotlin.time.Duration.Companion.minutes
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.flow.toList
import org.hawkular.agent.prometheus.text.TextPrometheusMetricsProcessor
import org.hawkular.agent.prometheus.types.Counter
import org.hawkular.agent.prometheus.types.Gauge
import org.hawkular.agent.prometheus.types.MetricFamily
import org.hawkular.agent.prometheus.types.MetricType
import org.hawkular.agent.prometheus.walkers.CollectorPrometheusMetricsWalker

class ScrapePageSpec : StringSpec({
    extension(LeakCheck)
    timeout = 180_000

    /** What others make of [text], by name. */
    fun parsed(text: String): Map<String, MetricFamily> {
        val walker = CollectorPrometheusMetricsWalker()
        TextPrometheusMetricsProcessor(text.byteInputStream(), walker).walk()
        return walker.allMetricFamilies.associateBy { it.name }
    }

    fun curl(vararg arguments: String): List<String> = Child.tool("curl", "-q", "--noproxy", "*", "-sS", *arguments).use { curl ->
        val end = curl.end()
        end.errors shouldBe ""
        end.lines
    }

    fun Map<String, MetricFamily>.value(name: String, labels: Map<String, String>): Double {
        val metric = getValue(name).metrics.single { it.labels == labels }
        return if (metric is Counter) metric.value else (metric as Gauge).value
    }

    "Prometheus can scrape what an echo has done" {
        Child.hawser("echo", "--on", "127.0.0.1:0", "--metrics", "127.0.0.1:0").use { server ->
            val told = server.errorLine()
            told shouldStartWith "metrics tcp://127.0.0.1:"
            val port = server.port()
            connected(port).use {
                val lines = curl("http://${told.substringAfter("//")}/metrics")
                val families = parsed(lines.joinToString("\n", postfix = "\n"))
                val labels = mapOf("endpoint" to "tcp://127.0.0.1:$port", "transport" to "tcp")
                families.value("hawser_server_accepted_connections_total", labels) shouldBe 1.0
                families.value("hawser_server_connections", labels) shouldBe 1.0
                families.value("hawser_server_read_bytes_total", labels) shouldBe 1.0
                families.getValue("hawser_server_connections").type shouldBe MetricType.GAUGE
                families.getValue("hawser_server_read_bytes_total").type shouldBe MetricType.COUNTER
                families.getValue("hawser_server_read_bytes_total").help shouldBe "Bytes that have come in"
                // Of a timer there are two lines.
                families.values.sumOf { it.metrics.size } shouldBe lines.count { !it.startsWith("#") && "_sum{" !in it }
            }
            server.signal("TERM")
            server.end() shouldBe Child.End(0, emptyList(), "$told\n")
        }
    }

    "a broker has a page of its own, on a Unix socket too" {
        val socket = tempdir().toPath().resolve("metrics.sock")
        Child.hawser("broker", "--on", "127.0.0.1:0", "--metrics", "unix:$socket").use { broker ->
            broker.errorLine() shouldBe "metrics unix:$socket"
            curl("--unix-socket", "$socket", "http://localhost/metrics") shouldContainAll
                listOf(
                    "# TYPE hawser_broker_requests_total counter",
                    "# TYPE hawser_broker_peers gauge",
                    "# TYPE hawser_server_connections gauge",
                )
        }
    }

    "requests follow each other on a connection, and whoever asks for something else is told so" {
        coroutineScope {
            val server = Memory.server().start(this) { it.copyTo(it) }
            besideScrapePage(Tcp.server("127.0.0.1", 0).endpoint, listOf(ServerMetrics(server))) { page ->
                val at = "$page".replace("tcp:", "http:")
                curl("-o", "/dev/null", "-o", "/dev/null", "-w", "%{http_code} %{num_connects}\\n", "$at/metrics?now=1", "$at/") shouldBe
                    listOf("200 1", "404 0")
                curl("-I", "$at/metrics").first() shouldBe "HTTP/1.1 200 OK"
                curl("-i", "-X", "DELETE", "$at/metrics") shouldContainAll listOf("HTTP/1.1 405 Method Not Allowed", "Allow: GET, HEAD")

                val client = Tcp.client("127.0.0.1", at.substringAfterLast(':').toInt())
                suspend fun answer(
                    request: String,
                ): List<String> = client.once(request.encodeToByteArray(), 1.minutes) { it.lines().toList() }
                val good = answer("GET /metrics HTTP/1.0\r\n\r\n")
                good.take(2) shouldBe listOf("HTTP/1.1 200 OK", "Content-Type: text/plain; version=0.0.4; charset=utf-8")
                good shouldContainAll listOf("hawser_server_connections{endpoint=\"${server.endpoint}\",transport=\"memory\"} 0.0")
                answer("GET http://localhost:9100/metrics?now HTTP/1.1\r\nHost: a\r\nConnection: TE, close\r\n\r\n").first() shouldBe
                    "HTTP/1.1 200 OK"
            }
            server.close()
        }
    }

    "who does not ask, or not to the end, or does not take his answer, is hung up on" {
        virtualTime {
            val registry = PrometheusMeterRegistry(PrometheusConfig.DEFAULT)
            repeat(3_000) { registry.counter("many", "number", "$it") }
            val page = server(httpOptions()).start(this, scrapePage(registry))
            val client = client(page)
            client.connect { it.readLine() shouldBe null }
            elapsed shouldBe 10.seconds
            client.connect { connection ->
                connection.writeLine("GET /metrics HTTP/1.1\r")
                connection.readLine() shouldBe null
            }
            elapsed shouldBe 20.seconds
            client.connect { connection ->
                connection.writeLine("GET /metrics HTTP/1.0\r\n\r")
                page.connectionCount.first { it == 1 }
                page.connectionCount.first { it == 0 }
            }
            elapsed shouldBe 30.seconds
            client.connect { connection ->
                connection.writeLine("HEAD / HTTP/1.1\r\nHost: a\r\n\r")
                connection.lines().first { it.isEmpty() }
                connection.readLine() shouldBe null
            }
            elapsed shouldBe 90.seconds
            page.close()
        }
    }
})
