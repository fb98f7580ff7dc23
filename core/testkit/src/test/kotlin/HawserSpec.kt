@file:OptIn(TransportApi::class)

package io.hawser.testkit

import io.hawser.ClientOptions
import io.hawser.ConnectFailed
import io.hawser.Endpoint
import io.hawser.Hawser
import io.hawser.ServerOptions
import io.hawser.StreamClient
import io.hawser.StreamServer
import io.hawser.transport.StreamTransport
import io.hawser.transport.TransportApi
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.StringSpec
import io.kotest.engine.spec.tempdir
import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeInstanceOf
import java.io.IOException
import java.net.URL
import java.net.URLClassLoader
import java.util.Enumeration
import java.util.ServiceConfigurationError
import kotlinx.coroutines.coroutineScope

/** Transports by the names of endpoints. */
class HawserSpec : StringSpec({
    extension(LeakCheck)

    "a server and a client meet by what an endpoint says" {
        coroutineScope {
            Hawser.streamServer("memory:by name").start(this) { it.writeLine(checkNotNull(it.readLine())) }.use { server ->
                server.endpoint shouldBe Endpoint.parse("memory:by name")
                val clients = listOf(Hawser.streamClient("memory:by name"), Hawser.streamClient(server.endpoint))
                for (client in clients) {
                    client.connect { connection ->
                        connection.writeLine("here")
                        connection.readLine() shouldBe "here"
                    }
                }
            }
        }
        shouldThrow<ConnectFailed> { Hawser.streamClient("memory:by name").connect() }.endpoint shouldBe Endpoint.parse("memory:by name")
    }

    "a transport whose module is absent names the artifact" {
        for ((text, artifact) in mapOf(
            "localhost:80" to "hawser-tcp",
            "tcp4://localhost:80" to "hawser-tcp",
            "tcp6://localhost:80" to "hawser-tcp",
            "tls://localhost:443" to "hawser-tls",
            "unix:/run/x.sock" to "hawser-unix",
        )) {
            withClue(text) {
                val message = "there is no transport for ${Endpoint.parse(text)}: add io.hawser:$artifact to the class path"
                shouldThrow<IllegalStateException> { Hawser.streamClient(text) }.message shouldBe message
                shouldThrow<IllegalStateException> { Hawser.streamServer(text) }.message shouldBe message
            }
        }
        shouldThrow<IllegalStateException> { Hawser.streamClient(Endpoint.Local("pigeon", "post")) }.message shouldBe
            "there is no transport for pigeon:post: no module of Hawser has one"
    }

    "datagrams are no stream" {
        for (text in listOf("udp://localhost:80", "udp4://localhost:80", "udp6://localhost:80", "unixgram:/dev/log")) {
            val message = "${text.substringBefore(':')} carries datagrams and no stream: \"$text\""
            shouldThrow<IllegalArgumentException> { Hawser.streamClient(text) }.message shouldBe message
            shouldThrow<IllegalArgumentException> { Hawser.streamServer(text) }.message shouldBe message
        }
    }

    "an application's own class loader can bring a transport, and a broken one is in nobody's way but its users'" {
        val folder = tempdir()
        folder.resolve("META-INF/services").mkdirs()
        folder.resolve("META-INF/services/io.hawser.transport.StreamTransport").writeText(
            "no.such.Transport\nio.hawser.testkit.StubbornTransport\nio.hawser.testkit.PigeonTransport\n",
        )
        val thread = Thread.currentThread()
        val before = thread.contextClassLoader
        URLClassLoader(arrayOf(folder.toURI().toURL()), before).use { loader ->
            thread.contextClassLoader = loader
            try {
                Hawser.streamClient(Endpoint.Local("pigeon", "post")).endpoint shouldBe Endpoint.Local("memory", "pigeon-post")
                val absent = shouldThrow<IllegalStateException> { Hawser.streamClient("unix:/run/x.sock") }
                absent.message shouldBe
                    "there is no transport for unix:/run/x.sock: add io.hawser:hawser-unix to the class path"
                absent.suppressed.size shouldBe 2
                absent.suppressed.forEach { it.shouldBeInstanceOf<ServiceConfigurationError>() }
            } finally {
                thread.contextClassLoader = before
            }
        }
        shouldThrow<IllegalStateException> { Hawser.streamClient(Endpoint.Local("pigeon", "post")) }
    }

    "a class loader that cannot be read is asked once" {
        val thread = Thread.currentThread()
        val before = thread.contextClassLoader
        var asked = 0
        thread.contextClassLoader = object : ClassLoader(before) {
            override fun getResources(name: String): Enumeration<URL> =
                if (asked++ < 100) throw IOException("the disk is gone") else error("asked for ever")
        }
        try {
            shouldThrow<IllegalStateException> { Hawser.streamClient("unix:/run/x.sock") }.message shouldBe
                "there is no transport for unix:/run/x.sock: add io.hawser:hawser-unix to the class path"
        } finally {
            thread.contextClassLoader = before
        }
    }
})

class PigeonTransport : StreamTransport {
    override val schemes: Set<String> = setOf("pigeon")

    override fun client(endpoint: Endpoint, options: ClientOptions): StreamClient =
        Memory.client("pigeon-${(endpoint as Endpoint.Local).name}", options)

    override fun server(endpoint: Endpoint, options: ServerOptions): StreamServer = error("pigeons only deliver")
}

class StubbornTransport : StreamTransport by error("does not load")
