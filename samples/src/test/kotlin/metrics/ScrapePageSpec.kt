package io.hawser.samples.metrics

import io.hawser.Connection
import io.hawser.copyTo
import io.hawser.micrometer.ServerMetrics
import io.hawser.samples.Child
import io.hawser.samples.connected
import io.hawser.samples.port
import io.hawser.tcp.Tcp
import io.hawser.testkit.LeakCheck
import io.hawser.testkit.Memory
import io.kotest.core.spec.style.StringSpec
import io.kotest.engine.spec.tempdir
import io.kotest.inspectors.forAll
import io.kotest.matchers.collections.shouldContainAll
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldStartWith
import java.net.URI
import java.net.http.HttpClient
import java.net.http.HttpRequest
import java.net.http.HttpRequest.BodyPublishers
import java.net.http.HttpResponse.BodyHandlers
import java.nio.ByteBuffer
import kotlinx.coroutines.coroutineScope
import org.hawkular.agent.prometheus.PrometheusScraper
import org.hawkular.agent.prometheus.types.Counter
import org.hawkular.agent.prometheus.types.Gauge
import org.hawkular.agent.prometheus.types.MetricFamily
import org.hawkular.agent.prometheus.types.MetricType

class ScrapePageSpec : StringSpec({
    extension(LeakCheck)
    timeout = 180_000

    /** Where the page of [server] is, once it has been told. */
    fun page(server: Child): String = server.errorLine().let {
        it shouldStartWith "metrics tcp://127.0.0.1:"
        "http://" + it.substringAfter("metrics tcp://") + "/metrics"
    }

    fun scrape(page: String): Map<String, MetricFamily> = PrometheusScraper(URI(page).toURL()).scrape().associateBy { it.name }

    fun Map<String, MetricFamily>.value(name: String, vararg labels: Pair<String, String>): Double =
        getValue(name).metrics.single { it.labels.entries.containsAll(labels.toMap().entries) }.let {
            if (it is Counter) it.value else (it as Gauge).value
        }

    "Prometheus scrapes what an echo has done" {
        Child.hawser("echo", "--on", "127.0.0.1:0", "--metrics", "127.0.0.1:0").use { server ->
            val port = server.port()
            val page = page(server)
            connected(port).use {
                val families = scrape(page)
                val labels = arrayOf("endpoint" to "tcp://127.0.0.1:$port", "transport" to "tcp")
                families.value("hawser_server_accepted_connections_total", *labels) shouldBe 1.0
                families.value("hawser_server_connections", *labels) shouldBe 1.0
                families.value("hawser_server_read_bytes_total", *labels) shouldBe 1.0
                families.getValue("hawser_server_connections").type shouldBe MetricType.GAUGE
                families.getValue("hawser_server_read_bytes_total").type shouldBe MetricType.COUNTER
                families.values.toList().forAll { it.help shouldContain " " }
            }
            server.signal("TERM")
            server.end() shouldBe Child.End(0, emptyList(), "metrics ${page.replace("http:", "tcp:").removeSuffix("/metrics")}\n")
        }
    }

    "a broker has pages of its own, on a Unix socket too" {
        val socket = tempdir().toPath().resolve("metrics.sock")
        Child.hawser("broker", "--on", "127.0.0.1:0", "--metrics", "unix:$socket").use { broker ->
            broker.port()
            broker.errorLine() shouldBe "metrics unix:$socket"
            Child.tool("curl", "-sS", "--unix-socket", "$socket", "http://localhost/metrics").use { curl ->
                curl.end().lines shouldContainAll listOf("# TYPE hawser_broker_requests_total counter", "# TYPE hawser_broker_peers gauge")
            }
        }
    }

    "whoever asks for something else is told so, and the connection goes on as long as it can" {
        coroutineScope {
            val server = Memory.server().start(this) { it.copyTo(it) }
            besideScrapePage(Tcp.server("127.0.0.1", 0).endpoint, listOf(ServerMetrics(server))) { page ->
                val client = HttpClient.newHttpClient()
                val at = "$page".replace("tcp:", "http:")
                fun ask(path: String, method: String = "GET", body: String = "") = client.send(
                    HttpRequest.newBuilder(URI("$at$path"))
                        .method(method, if (body.isEmpty()) BodyPublishers.noBody() else BodyPublishers.ofString(body)).build(),
                    BodyHandlers.ofString(),
                )
                val good = ask("/metrics?now=1")
                good.statusCode() shouldBe 200
                good.headers().firstValue("content-type").get() shouldBe "text/plain; version=0.0.4; charset=utf-8"
                good.body() shouldContain "hawser_server_connections{endpoint=\"${server.endpoint}\",transport=\"memory\"} 0.0\n"
                ask("/metrics", "HEAD").body() shouldBe ""
                ask("/").statusCode() shouldBe 404
                ask("/metrics", "DELETE").headers().firstValue("allow").get() shouldBe "GET, HEAD"
                ask("/metrics", "POST", "x").statusCode() shouldBe 400
                Tcp.client("127.0.0.1", page.toString().substringAfterLast(':').toInt()).run {
                    connect { it.answers("nonsense\r\n\r\n", "HTTP/1.1 400 Bad Request") }
                    connect { it.answers("GET /${"x".repeat(9000)}", "HTTP/1.1 431 Request Header Fields Too Large") }
                    connect { it.answers("GET / HTTP/1.1\r\n" + "a: b\r\n".repeat(101), "HTTP/1.1 431 Request Header Fields Too Large") }
                    connect { connection ->
                        connection.answers("GET /metrics HTTP/1.0\r\n\r\n", "HTTP/1.1 200 OK")
                        var last = ""
                        connection.lines().collect { last = it }
                        last shouldContain "hawser_server"
                    }
                }
            }
            server.close()
        }
    }
})

private suspend fun Connection.answers(request: String, status: String) {
    write(ByteBuffer.wrap(request.encodeToByteArray()))
    readLine() shouldBe status
}
