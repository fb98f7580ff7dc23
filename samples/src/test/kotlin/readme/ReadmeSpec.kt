package io.hawser.samples.readme

import io.hawser.Hawser
import io.hawser.copyTo
import io.hawser.samples.Child
import io.hawser.tcp.Tcp
import io.hawser.testkit.LeakCheck
import io.hawser.testkit.TestCertificates
import io.hawser.tls.ClientTls
import io.hawser.tls.ServerTls
import io.hawser.tls.startTls
import io.hawser.tls.tls
import io.hawser.unix.UnixDatagram
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.engine.spec.tempdir
import io.kotest.matchers.shouldBe
import java.net.InetSocketAddress
import java.net.Socket
import java.nio.ByteBuffer
import java.nio.file.Files
import kotlin.io.path.deleteExisting
import kotlin.time.Duration
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.coroutineScope
import org.opentest4j.TestAbortedException

/** What the README and the guide show runs: here, or where the module's own page has it. */
class ReadmeSpec : StringSpec({
    extension(LeakCheck)
    timeout = 120_000

    // The loop of Unix datagrams begins with whoever needs it first, and stays.
    beforeSpec {
        val folder = Files.createTempDirectory("hawser")
        coroutineScope { UnixDatagram.server(folder.resolve("first.sock")).start(this) { }.close() }
        folder.deleteExisting()
    }

    "the first server and the first client understand each other" {
        if (runCatching {
                Socket("127.0.0.1", 9002).close()
            }.isSuccess
        ) {
            throw TestAbortedException("somebody has port 9002 of this machine")
        }
        Child.program("io.hawser.samples.readme.server.EchoServerKt").use { server ->
            server.heardBy { Child.program("io.hawser.samples.readme.client.EchoClientKt") } shouldBe listOf("hello")
        }
    }

    "a server that is held ends in each way" {
        shouldThrow<CancellationException> { coroutineScope { hold(this) } }
    }

    "the options are what they say" {
        val banned = InetSocketAddress("127.0.0.1", 9)
        val options = options(setOf(banned))
        options.maxConnections shouldBe 10_000
        options.acceptRate shouldBe 1_000
    }

    "servers and clients are found by name" {
        coroutineScope {
            val (server, answer) = byName(this)
            server.use { answer shouldBe "by name" }
        }
    }

    "a datagram is answered" {
        coroutineScope {
            val (server, answer) = datagrams(this)
            server.use { answer.text shouldBe "status" }
        }
    }

    "a Unix server knows its peer" {
        val folder = Files.createTempDirectory("hawser")
        coroutineScope {
            val (server, answer) = unix(this, folder.resolve("api.sock"))
            val uid = Files.getAttribute(folder, "unix:uid")
            server.use { answer shouldBe if (uid in listOf(0, 1000)) "uid $uid" else null }
        }
        folder.deleteExisting()
    }

    "a Unix datagram is answered" {
        val folder = Files.createTempDirectory("hawser")
        coroutineScope {
            val (server, answer) = unixDatagrams(this, folder.resolve("log.sock"))
            server.use { answer.text shouldBe "status" }
        }
        folder.deleteExisting()
    }

    "TLS goes over, knows its guests, and can begin late" {
        val certificates = TestCertificates.create("localhost")
        val folder = certificates.writeTo(tempdir().toPath())
        val files = listOf("server.pem", "server.key", "authority.pem").map(folder::resolve)
        val clientTls = ClientTls {
            identity(certificates.client)
            trust(certificates.authority)
        }
        coroutineScope {
            val (server, answer) = tls(this, files[0], files[1], files[2])
            server.use { answer shouldBe "secret" }
            mutualTls(this, files[0], files[1], files[2]).use { greeting ->
                Tcp.client("localhost", greeting.port).tls(clientTls).connect { it.readLine() } shouldBe "good day, CN=client"
            }
            val serverTls = ServerTls { identity(certificates.server) }
            Tcp.server("127.0.0.1", port = 0).start(this) { plain ->
                plain.readLine() shouldBe "STARTTLS"
                plain.writeLine("go ahead")
                plain.startTls(serverTls).use { it.copyTo(it) }
            }.use { upgrading ->
                Tcp.client("localhost", upgrading.port).connect { upgrade(it, clientTls) } shouldBe "secret"
            }
        }
    }

    "a link subscribes again with a server that was started again" {
        val news = Channel<String>()

        suspend fun CoroutineScope.publisher(port: Int) = Tcp.server("127.0.0.1", port).start(this) { connection ->
            connection.writeLine("news for ${connection.readLine()}")
            connection.lines().collect { connection.writeLine(it) }
        }

        coroutineScope {
            val first = publisher(port = 0)
            val link = stayConnected(this, first.port, news)
            listOf(news.receive(), news.receive()) shouldBe listOf("news for me", "subscribe")
            first.close()
            first.awaitClosed()
            publisher(first.port).use {
                news.receive() shouldBe "news for me"
                link.shutdown(Duration.ZERO)
            }
        }
    }

    "a pool lends, and a session answers" {
        coroutineScope {
            Tcp.server("127.0.0.1", port = 0).start(this) { connection -> connection.copyTo(connection) }.use { server ->
                val (pool, answer) = pool(this, server.port)
                answer shouldBe "status"
                pool.shutdown(Duration.ZERO)
            }
            Tcp.server("127.0.0.1", port = 0).start(this) { connection -> session(connection) }.use { server ->
                Tcp.client("127.0.0.1", server.port).connect { connection ->
                    connection.readLine() shouldBe "hello"
                    connection.writeLine("you")
                    connection.readLine() shouldBe "re: you"
                }
            }
        }
    }

    "frames and numbers go over" {
        coroutineScope {
            Hawser.streamServer("tcp://127.0.0.1:0").start(this) { frames(it) }.use { server ->
                Hawser.streamClient(server.endpoint).connect { connection ->
                    connection.write(ByteBuffer.wrap(byteArrayOf(0, 0, 0, 1, 7)))
                    connection.readExactly(5) shouldBe byteArrayOf(0, 0, 0, 1, 7)
                }
            }
            Tcp.server("127.0.0.1", port = 0).start(this) { numbers(it) }.use { server ->
                Tcp.client("127.0.0.1", server.port).connect { List(3) { _ -> it.readLine() } } shouldBe listOf("1", "2", "3")
            }
            Tcp.server("127.0.0.1", port = 0).start(this) { it.copyTo(it) }.use { once("127.0.0.1", it.port) shouldBe "status" }
        }
    }
})
