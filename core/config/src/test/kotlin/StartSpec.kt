package io.hawser.config

import io.hawser.testkit.LeakCheck
import io.hawser.testkit.TestCertificates
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldHaveSize
import io.kotest.matchers.ints.shouldBeInRange
import io.kotest.matchers.shouldBe
import java.nio.file.Files
import java.nio.file.attribute.PosixFilePermissions
import kotlin.io.path.writeText
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitAll
import kotlinx.coroutines.cancelChildren
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.withContext

/** What is configured works. */
class StartSpec : StringSpec({
    extension(LeakCheck)

    "one word switches from tcp to tls to unix" {
        val folder = TestCertificates.create("localhost").writeTo(Files.createTempDirectory("hawser-config"))
        val text = """
            [server.api]
            endpoint = "tcp://127.0.0.1:0"
            tls = { enabled = false, certificate = "server.pem", key = "server.key" }
            [client.api]
            endpoint = "tcp://127.0.0.1:1"
            tls = { enabled = false, trust = ["authority.pem"], server-name = "localhost" }
        """.trimIndent()
        val path = folder.resolve("app.toml").also { it.writeText(text) }
        suspend fun answer(place: String, vararg more: Pair<String, String>): String? = coroutineScope {
            fun load(port: Int) = HawserConfig.load {
                file(path)
                environment(
                    mapOf("HAWSER_SERVER_API_ENDPOINT" to place, "HAWSER_CLIENT_API_ENDPOINT" to place.replace(":0", ":$port")) + more,
                )
            }
            val server = load(1).server("api").start(this) { it.writeLine(it.readLine() + " from ${it.local}".take(5)) }
            val port = (server.address as? java.net.InetSocketAddress)?.port ?: 0
            val answer = load(port).client("api").connect {
                it.writeLine("hello")
                it.readLine()
            }
            server.close()
            coroutineContext.cancelChildren()
            answer
        }
        val on = arrayOf("HAWSER_SERVER_API_TLS_ENABLED" to "true", "HAWSER_CLIENT_API_TLS_ENABLED" to "true")
        answer("tcp://127.0.0.1:0") shouldBe "hello from"
        answer("tls://127.0.0.1:0", *on) shouldBe "hello from"
        answer("unix:$folder/api.sock") shouldBe "hello from"
        answer("unix:$folder/api.sock", *on) shouldBe "hello from"
    }

    "a socket's file has the mode of its table" {
        val path = Files.createTempDirectory("hawser-config").resolve("api.sock")
        coroutineScope {
            val server = config("[server.api]\nendpoint = \"unix:$path\"\nmode = \"0660\"").server("api").start(this) { }
            PosixFilePermissions.toString(Files.getPosixFilePermissions(path)) shouldBe "rw-rw----"
            server.close()
            coroutineContext.cancelChildren()
        }
    }

    "of a range of ports the first that is free is taken" {
        coroutineScope {
            val server = config("[server.api]\nendpoint = \"tcp://127.0.0.1:39000-39400\"").server("api")
            val running = List(2) { server.start(this) { } }
            running.forEach { it.port shouldBeInRange 39_000..39_400 }
            running.map { it.port }.toSet() shouldHaveSize 2
            running.forEach { it.close() }
            coroutineContext.cancelChildren()
        }
    }

    "a thousand may load one file at once" {
        val path =
            file("[server.api]\nendpoint = \"tcp://127.0.0.1:0\"\nidle-timeout = \"25s\"\n[client.api]\nendpoint = \"tcp://127.0.0.1:1\"")
        withContext(Dispatchers.Default) {
            List(1000) { async { HawserConfig.load(path).run { "${server("api").options} ${client("api")}" } } }.awaitAll()
        }.toSet() shouldHaveSize 1
    }
})
