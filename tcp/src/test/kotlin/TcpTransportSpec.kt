@file:OptIn(TransportApi::class)

package io.hawser.tcp

import io.hawser.ClientOptions
import io.hawser.Endpoint
import io.hawser.Hawser
import io.hawser.ServerOptions
import io.hawser.UnsupportedTransport
import io.hawser.copyTo
import io.hawser.testkit.LeakCheck
import io.hawser.testkit.Program
import io.hawser.transport.TransportApi
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldMatch
import java.net.StandardProtocolFamily.INET
import java.net.StandardProtocolFamily.INET6
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.runBlocking

/** TCP by the names of endpoints. */
class TcpTransportSpec : StringSpec({
    extension(LeakCheck)

    /** What a client of [to] gets from a server on [on], or the reason why not; `PORT` is the server's. */
    suspend fun echo(on: String, to: String): String? = coroutineScope {
        Hawser.streamServer(on).start(this) { it.copyTo(it) }.use { server ->
            Hawser.streamClient(to.replace("PORT", "${server.port}")).connect { connection ->
                connection.writeLine("${server.endpoint}".replace("${server.port}", "PORT"))
                connection.readLine()
            }
        }
    }

    "servers and clients of both IP versions and of one are found by name" {
        echo(on = "127.0.0.1:0", to = "127.0.0.1:PORT") shouldBe "tcp://127.0.0.1:PORT"
        echo(on = "tcp://*:0", to = "tcp6://[::1]:PORT") shouldBe "tcp://*:PORT"
        echo(on = "tcp4://:0", to = "tcp4://localhost:PORT") shouldBe "tcp4://*:PORT"
        echo(on = "tcp6://[::1]:0", to = "[0:0::1]:PORT") shouldBe "tcp6://[::1]:PORT"
    }

    "the family may come with the options, where the name leaves it open" {
        val four = ClientOptions { socket { family = INET } }
        Hawser.streamClient("tcp://localhost:80", four).endpoint shouldBe Endpoint.parse("tcp4://localhost:80")
        Hawser.streamClient("tcp4://localhost:80", four).endpoint shouldBe Endpoint.parse("tcp4://localhost:80")
        shouldThrow<IllegalArgumentException> { Hawser.streamClient("tcp6://localhost:80", four) }.message shouldBe
            "the option socket.family, INET, contradicts the endpoint tcp6://localhost:80"
        val six = ServerOptions { socket { family = INET6 } }
        Hawser.streamServer("*:80", six).endpoint shouldBe Endpoint.parse("tcp6://*:80")
        shouldThrow<IllegalArgumentException> { Hawser.streamServer("tcp4://*:80", six) }.message shouldBe
            "the option socket.family, INET6, contradicts the endpoint tcp4://*:80"
    }

    "a client needs a real host and a port" {
        for (host in listOf("", "*", "0.0.0.0", "[::]", "[::ffff:0.0.0.0]")) {
            shouldThrow<IllegalArgumentException> { Hawser.streamClient("tcp://$host:80") }.message shouldMatch
                "a client needs a host: \"tcp://.*:80\""
        }
        shouldThrow<IllegalArgumentException> { Hawser.streamClient("localhost:0") }.message shouldBe
            "a client needs a port: \"tcp://localhost:0\""
    }

    "an IPv6 zone stays" {
        val client = Hawser.streamClient("tcp://[fe80::1%lo]:80")
        client.endpoint.toString() shouldBe "tcp://[fe80::1%lo]:80"
    }

    "a JVM that has no IPv6 names its platform" {
        Program.java(
            "io.hawser.tcp.WithoutIpv6Sockets",
            wrapper = listOf("env", "JAVA_TOOL_OPTIONS=-Djava.net.preferIPv4Stack=true"),
        ).use { peer ->
            val (output, status) = peer.finish()
            val platform = "${System.getProperty("os.name")} ${System.getProperty("os.version")} " +
                "(${System.getProperty("os.arch")}) with Java ${System.getProperty("java.version")}"
            output.trim().lines().drop(1) shouldBe listOf(
                "tcp6://*:0 is not supported on $platform: IPv6 not available",
                "tcp6://[::1]:1 is not supported on $platform: IPv6 not available",
            )
            status shouldBe 0
        }
    }
})

/** Prints why there is neither a server nor a client of IPv6. */
object WithoutIpv6Sockets {
    @JvmStatic
    fun main(arguments: Array<String>) = runBlocking {
        println(shouldThrow<UnsupportedTransport> { Hawser.streamServer("tcp6://*:0").start(this) { } }.message)
        println(shouldThrow<UnsupportedTransport> { Hawser.streamClient("tcp6://[::1]:1").connect() }.message)
    }
}
