package io.hawser.samples.http

import com.sun.management.ThreadMXBean
import io.hawser.Connection
import io.hawser.Hawser
import io.hawser.StreamClient
import io.hawser.samples.Child
import io.hawser.samples.programs.Inside
import io.hawser.testkit.LeakCheck
import io.hawser.testkit.virtualTime
import io.kotest.core.spec.style.StringSpec
import io.kotest.engine.spec.tempdir
import io.kotest.matchers.collections.shouldBeIn
import io.kotest.matchers.collections.shouldContain
import io.kotest.matchers.collections.shouldContainAll
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldEndWith
import io.kotest.matchers.string.shouldMatch
import io.kotest.matchers.string.shouldNotContain
import io.kotest.matchers.string.shouldStartWith
import java.lang.management.ManagementFactory
import java.nio.ByteBuffer
import java.nio.file.Files
import java.time.Instant
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.minutes
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.CoroutineStart.UNDISPATCHED
import kotlinx.coroutines.async
import kotlinx.coroutines.delay
import kotlinx.coroutines.flow.first

private const val CHUNKED = "POST /guests HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"

/** The web server, by what curl, wrk and those who mean no good make of it. */
class HttpSpec : StringSpec({
    extension(LeakCheck)
    timeout = 180_000

    val folder = tempdir().toPath()
    val site = Files.createDirectory(folder.resolve("site"))
    Files.writeString(folder.resolve("secret.txt"), "secret\n")
    Files.writeString(site.resolve("index.html"), "<h1>Welcome</h1>\n")
    Files.writeString(site.resolve("a b.txt"), "a file\n")
    Files.write(site.resolve("large.png"), ByteArray(300_000) { it.toByte() })
    Files.createDirectory(site.resolve("empty"))
    Files.createSymbolicLink(site.resolve("link.txt"), folder.resolve("secret.txt"))

    suspend fun serving(block: suspend (at: String) -> Unit) = Inside.run("HttpKt", "tcp://127.0.0.1:0", "$site") {
        block(it.line().substringAfter(" on tcp://"))
    }

    fun curl(vararg arguments: String, input: String = ""): List<String> =
        Child.tool("curl", "-q", "--noproxy", "*", "-sS", *arguments).use { curl ->
            curl.say(input)
            val end = curl.end()
            end.errors shouldBe ""
            end.lines
        }

    suspend fun StreamClient.answer(request: String): String = once(request.toByteArray(Charsets.ISO_8859_1), 1.minutes) { connection ->
        connection.shutdownOutput()
        val text = StringBuilder()
        connection.incoming().collect { text.append(it.decodeToString()) }
        "$text"
    }

    "curl gets files, heads and the guest book, on one connection" {
        serving { at ->
            val about = "%{http_code} %{content_type} %{size_download} %{num_connects}\\n"
            val nowhere = arrayOf("-o", "/dev/null").let { it + it + it + it }
            curl("-w", about, *nowhere, "$at/", "$at/a%20b.txt?x=1", "$at/large.png", "$at/none") shouldBe listOf(
                "200 text/html; charset=utf-8 17 1",
                "200 text/plain; charset=utf-8 7 0",
                "200 image/png 300000 0",
                "404 text/plain; charset=utf-8 14 0",
            )
            curl("-o", "${folder.resolve("copy")}", "$at/large.png")
            Files.mismatch(folder.resolve("copy"), site.resolve("large.png")) shouldBe -1
            curl("-I", "$at/large.png") shouldContainAll listOf("HTTP/1.1 200 OK", "Content-Length: 300000", "Connection: keep-alive")
            curl("-d", "Ann", "$at/guests") shouldBe listOf("Ann")
            curl("--http1.1", "-X", "POST", "-T", "-", "$at/guests", input = "Bob\n") shouldBe listOf("Ann", "Bob")
            curl("-H", "Expect: 100-continue", "-d", "Eve", "$at/guests") shouldBe listOf("Ann", "Bob", "Eve")
            curl("-i", "-d", "", "$at/guests").first() shouldBe "HTTP/1.1 400 Bad Request"
            curl("-i", "-X", "DELETE", "$at/guests") shouldContainAll listOf("HTTP/1.1 405 Method Not Allowed", "Allow: GET, HEAD, POST")
            curl("-i", "-d", "x", "$at/") shouldContainAll listOf("HTTP/1.1 405 Method Not Allowed", "Allow: GET, HEAD")
            curl("-0", "-i", "$at/guests") shouldContainAll listOf("HTTP/1.1 200 OK", "Connection: close", "Ann")
        }
    }

    "no name and no link leads out of the folder" {
        serving { at ->
            val paths = listOf(
                "/../secret.txt", "/%2e%2e/secret.txt", "/..%2fsecret.txt", "/empty/../../secret.txt", "//..//secret.txt", "/link.txt",
                "/empty", "/%00", "/%2", "/a%20b.txt%00.png", "/empty/../index.html", "$folder/secret.txt",
            )
            for (path in paths) {
                curl("--path-as-is", "-o", "/dev/null", "-w", "$path %{http_code}", "$at$path") shouldBe listOf("$path 404")
            }
        }
    }

    "what could be read in two ways is refused, and so is what is too much" {
        serving { at ->
            val client = Hawser.streamClient("tcp://$at")
            val long = "x".repeat(9000)
            for ((request, status) in listOf(
                "nonsense\r\n\r\n" to "400",
                "GET /\r\n\r\n" to "400",
                "GET  / HTTP/1.1\r\nHost: a\r\n\r\n" to "400",
                "GET / HTTP/1.1\r\n\r\n" to "400",
                "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n" to "400",
                "GET / HTTP/1.1\nHost: a\n\n" to "400",
                "GET / HTTP/1.1\r\nHost: a\nX: y\r\n\r\n" to "400",
                "GET / HTTP/1.1\r\nHost: a\rX: y\r\n\r\n" to "400",
                "GET / HTTP/1.1\r\nHost : a\r\n\r\n" to "400",
                "GET / HTTP/1.1\r\nHost: a\r\nX: y\r\n z\r\n\r\n" to "400",
                "GET / HTTP/1.1\r\n Host: a\r\n\r\n" to "400",
                "GET / HTTP/1.1\r\nHost: a\r\n: y\r\n\r\n" to "400",
                "GET / HTTP/1.1\r\nHost: a\r\nnone\r\n\r\n" to "400",
                "GET / HTTP/1.1\r\nHost: a\u0000b\r\n\r\n" to "400",
                "GET /\u0001 HTTP/1.1\r\nHost: a\r\n\r\n" to "400",
                "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\nx" to "400",
                "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1, 1\r\n\r\nx" to "400",
                "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\nx" to "400",
                "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: \r\n\r\nx" to "400",
                "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\nx" to "400",
                "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" to "400",
                "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" to "400",
                "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n" to "400",
                "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n" to "501",
                "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: \u000bchunked\r\n\r\n" to "400",
                "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\nx\r\n0\r\n\r\n" to "400",
                "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nxy\r\n0\r\n\r\n" to "400",
                "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\nx\r\n0\r\n\r\n" to "400",
                "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0x1\r\nx\r\n0\r\n\r\n" to "400",
                "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n" to "400",
                "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n10001\r\n" to "413",
                "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 65537\r\n\r\n" to "413",
                "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nx" to "400",
                "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nExpect: money\r\n\r\nx" to "417",
                "BREW / HTTP/1.1\r\nHost: a\r\n\r\n" to "501",
                *listOf(
                    "1 ", "1 \t ", "1;", "1;a=", "1;a\u0000", "1;\u0001", "1;a=\"b", "1;a=b c", "1;a,b", "11111111", "1;" + "a".repeat(255),
                ).map { "$CHUNKED$it\r\nx\r\n0\r\n\r\n" to "400" }.toTypedArray(),
                *listOf(
                    "GET /admin HTTP/1.1", " bad: fold", "Host : q", "X: a\u0001", ": a", "Content-Length: 5", "Host: a",
                    "Transfer-Encoding: chunked", "X: y\r\n".repeat(100) + "X: y",
                ).map { "${CHUNKED}0\r\n$it\r\n\r\n" to "400" }.toTypedArray(),
                *listOf("a b/<>,c", "a/", "a@b", "%zz", "[::1", "a:b", "a:1:2", "\u00e4").map {
                    "GET / HTTP/1.1\r\nHost: $it\r\n\r\n" to "400"
                }.toTypedArray(),
                *listOf("index.html", "http://", "http:///", "http://:80/", "http://a@b/", "ftp://a/", "*", "?").map {
                    "GET $it HTTP/1.1\r\nHost: a\r\n\r\n" to "400"
                }.toTypedArray(),
                "CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n" to "501",
                "HEAD / HTTP/1.1\r\n\r\n" to "400",
                "GET / HTTP/2.0\r\nHost: a\r\n\r\n" to "505",
                "GET / HTTP/1.1x\r\nHost: a\r\n\r\n" to "400",
                "GET /$long" to "414",
                "GET /$long HTTP/1.1\r\nHost: a\r\n\r\n" to "414",
                "GET / HTTP/1.1\r\nHost: a\r\n" + "X: y\r\n".repeat(100) + "\r\n" to "431",
                "GET / HTTP/1.1\r\nHost: a\r\n" + "X: $long\r\n".repeat(4) to "431",
            )) {
                val answer = client.answer(request)
                answer.lineSequence().first().take(12) to request shouldBe ("HTTP/1.1 $status" to request)
                answer shouldContain "\r\nConnection: close\r\n"
                answer.substringAfter("\r\n\r\n") shouldBe ""
                // The one refusal, and nothing else was taken for a request.
                answer.split("HTTP/1.1 ").size shouldBe 2
            }
        }
    }

    "requests that come together are answered in their order, with bodies or without" {
        serving { at ->
            val last = "GET /a%20b.txt HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
            val answers = Hawser.streamClient("tcp://$at").answer(
                "HEAD / HTTP/1.1\r\nHost: a\r\n\r\nPOST /guests HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nAnn\r\n" +
                    "POST /guests HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\n\r\n" +
                    "2;x=y\r\nBo\r\n00000001 ; x=\"a\\\"b c\";y\r\nb\r\n0\r\nX: y\r\n\r\n" +
                    "POST /guests HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\nEve$last$last",
            )
            val told = answers.split("HTTP/1.1 ").drop(1)
            told.map { it.substringBefore("\r\n") + it.substringAfter("\r\n\r\n").replace('\n', ' ') } shouldBe
                listOf("200 OK", "200 OKAnn ", "200 OKAnn Bob ", "100 Continue", "200 OKAnn Bob Eve ", "200 OKa file ")
            answers shouldContain Regex("\r\nDate: [A-Z][a-z]{2}, [0-9]{2} [A-Z][a-z]{2} [0-9]{4} [0-9:]{8} GMT\r\n")
        }
    }

    "hosts and targets are taken in all their forms, and as many trailers as headers" {
        serving { at ->
            val client = Hawser.streamClient("tcp://$at")
            val end = "Connection: close\r\n"
            for (host in listOf("", "a", "a.b:80", "a_b:", "127.0.0.1:1", "[::1]:80", "%61")) {
                client.answer("GET / HTTP/1.1\r\nHost: $host\r\n$end\r\n") shouldStartWith "HTTP/1.1 200 OK\r\n"
            }
            for (target in listOf("/", "/?x", "http://a", "HTTP://a:80/", "https://a/index.html", "http://a?x")) {
                client.answer("GET $target HTTP/1.1\r\nHost: a\r\n$end\r\n") shouldStartWith "HTTP/1.1 200 OK\r\n"
            }
            client.answer("OPTIONS * HTTP/1.1\r\nHost: a\r\n$end\r\n") shouldStartWith "HTTP/1.1 405 "
            client.answer("${CHUNKED}3\r\nAnn\r\n0\r\n" + "X: y\r\n".repeat(100) + "\r\n") shouldStartWith "HTTP/1.1 200 OK\r\n"
        }
    }

    "a day has two digits" {
        HTTP_DATE.format(Instant.parse("2026-11-03T04:05:06Z")) shouldBe "Tue, 03 Nov 2026 04:05:06 GMT"
    }

    "a body that is only promised takes no memory" {
        val memory = ManagementFactory.getThreadMXBean() as ThreadMXBean
        virtualTime {
            val server = server(httpOptions()).start(this, http { HttpAnswer("200 OK", "") })
            val open = mutableListOf<Connection>()
            suspend fun allocated(length: Int): Long {
                val before = memory.getThreadAllocatedBytes(Thread.currentThread().id)
                repeat(50) {
                    val connection = client(server).connect().also(open::add)
                    connection.write(ByteBuffer.wrap("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: $length\r\n\r\nx".encodeToByteArray()))
                    delay(1.milliseconds)
                }
                return memory.getThreadAllocatedBytes(Thread.currentThread().id) - before
            }
            allocated(2)
            val little = allocated(2)
            (allocated(65_536) - little < 50 * 16_384) shouldBe true
            open.forEach { it.close() }
            server.close()
        }
    }

    "wrk finds no errors, whatever it asks for" {
        serving { at ->
            for (path in listOf("/guests", "/large.png")) {
                Child.tool("wrk", "-c", "50", "-t", "2", "-d", "5s", "--timeout", "60s", "http://$at$path").use { wrk ->
                    val said = wrk.end().lines.joinToString("\n")
                    said shouldMatch Regex("(?s).* [1-9][0-9]* requests in .*")
                    said shouldNotContain "Non-2xx"
                    said shouldNotContain "Socket errors"
                }
            }
        }
    }

    "who has asked before a drain is answered, and told that it was the last time" {
        virtualTime {
            val asked = CompletableDeferred<Unit>()
            val answer = CompletableDeferred<String>()
            val server = server(httpOptions()).start(
                this,
                http {
                    asked.complete(Unit)
                    HttpAnswer("200 OK", answer.await())
                },
            )
            val request = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
            val idle = client(server).connect()
            val half = client(server).connect()
            half.write(ByteBuffer.wrap(request.dropLast(2).encodeToByteArray()))
            val busy = client(server).connect()
            busy.write(ByteBuffer.wrap((request + request).encodeToByteArray()))
            asked.await()
            server.connectionCount.first { it == 3 }
            val report = async(start = UNDISPATCHED) { server.shutdown(10.seconds) }
            idle.readLine() shouldBe null
            half.readLine() shouldBe "HTTP/1.1 503 Service Unavailable"
            answer.complete("answered\n")
            val lines = busy.lines()
            val all = mutableListOf<String>()
            lines.collect(all::add)
            all.first() shouldBe "HTTP/1.1 200 OK"
            all shouldContain "Connection: close"
            all.last() shouldBe "answered"
            report.await().cut shouldBe 0
            listOf(idle, half, busy).forEach { it.close() }
        }
    }
})
