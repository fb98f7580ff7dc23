package io.hawser.samples.programs

import io.hawser.samples.refusing
import io.hawser.tcp.Tcp
import io.hawser.testkit.LeakCheck
import io.hawser.testkit.TestCertificates
import io.kotest.core.spec.style.StringSpec
import io.kotest.engine.spec.tempdir
import io.kotest.matchers.shouldBe
import io.kotest.matchers.shouldNotBe
import io.kotest.matchers.string.shouldMatch
import io.kotest.matchers.string.shouldStartWith
import java.net.StandardProtocolFamily.UNIX
import java.net.UnixDomainSocketAddress
import java.nio.ByteBuffer
import java.nio.channels.Channels
import java.nio.channels.ServerSocketChannel
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.runInterruptible

private const val ANY_PORT = "tcp://127.0.0.1:0"

/** Programs that there are in Kotlin and in Java, which do the same. */
class InsideSpec : StringSpec({
    extension(LeakCheck)
    timeout = 180_000

    suspend fun printed(name: String, vararg arguments: String): List<String> = Inside.run(name, *arguments) { it.end() }

    suspend fun serving(name: String, vararg arguments: String, block: suspend (Inside, port: Int) -> Unit) =
        Inside.run(name, *arguments) { block(it, it.line().substringAfterLast(':').toInt()) }

    for (name in listOf("EchoKt", "Echo")) {
        "what is said comes back: $name" {
            serving(name, ANY_PORT) { _, port ->
                Guest(port).use {
                    it.say("hello")
                    it.line() shouldBe "hello"
                }
            }
        }
    }

    for (name in listOf("NotebookKt", "Notebook")) {
        "notes are noted and counted, and the end comes with the server's: $name" {
            printed(name) shouldBe listOf("noted: milk", "noted: bread", "silence", "2 notes", "ShutdownReport(drained=1, cut=0)")
        }
    }

    for (name in listOf("SdNotifyKt", "SdNotify")) {
        "what nobody has started tells nobody that it is ready: $name" {
            printed(name) shouldBe if (System.getenv("NOTIFY_SOCKET") == null) listOf("nobody wants to know") else emptyList()
        }
    }

    for (name in listOf("DockerVersionKt", "DockerVersion")) {
        "a daemon that speaks HTTP on a Unix socket tells its version: $name" {
            val path = tempdir().toPath().resolve("daemon.sock")
            ServerSocketChannel.open(UNIX).use { daemon ->
                daemon.bind(UnixDomainSocketAddress.of(path))
                Inside.run(name, "$path") { asking ->
                    runInterruptible(Dispatchers.IO) { daemon.accept() }.use { connection ->
                        val request = Channels.newInputStream(connection).bufferedReader()
                        generateSequence(request::readLine).takeWhile { it.isNotEmpty() }.first() shouldBe "GET /version HTTP/1.0"
                        connection.write(ByteBuffer.wrap("HTTP/1.0 200 OK\r\n\r\n{\"Version\":\"27.1\"}\n".toByteArray()))
                    }
                    asking.end() shouldBe listOf("{\"Version\":\"27.1\"}")
                }
            }
        }
    }

    for (name in listOf("ChatKt", "Chat")) {
        "what one says the others get: $name" {
            serving(name, ANY_PORT) { _, port ->
                Guest(port).use { first ->
                    val one = first.line().substringAfter("welcome, ").substringBefore(';')
                    val other = Guest(port).use { second ->
                        val welcome = second.line()
                        val other = welcome.substringAfter("welcome, ").substringBefore(';')
                        welcome shouldBe "welcome, $other; there are 2 of us"
                        first.line() shouldBe "$other comes in"
                        first.say("hello")
                        second.line() shouldBe "$one: hello"
                        second.say("good day")
                        first.line() shouldBe "$other: good day"
                        other
                    }
                    first.line() shouldBe "$other is gone"
                }
            }
        }
    }

    for (name in listOf("MonitoringKt", "Monitoring")) {
        "who comes and goes is told as it happens: $name" {
            serving(name, ANY_PORT) { server, port ->
                Guest(port).use {
                    it.say("hello")
                    it.line() shouldBe "hello"
                }
                val id = server.line().substringBefore(" opened")
                server.line() shouldStartWith "$id closed: "
            }
        }
    }

    for (name in listOf("ProxyKt", "Proxy")) {
        "targets take turns, and nobody meets one who is not there: $name" {
            refusing { nobody ->
                coroutineScope {
                    val servers =
                        List(2) { i -> Tcp.server("127.0.0.1", port = 0).start(this) { it.writeLine("${i + 1}: ${it.readLine()}") } }
                    serving(name, ANY_PORT, *servers.map { "${it.endpoint}" }.toTypedArray(), "tcp://127.0.0.1:$nobody") { _, port ->
                        val answers = List(6) {
                            Guest(port).use { guest ->
                                guest.say("hello")
                                guest.line().also { guest.end() shouldBe null }
                            }
                        }
                        // Who would meet nobody meets the next.
                        answers shouldBe listOf("1: hello", "2: hello", "1: hello", "1: hello", "2: hello", "1: hello")
                    }
                    servers.forEach { it.close() }
                }
            }
        }
    }

    for (name in listOf("RequestReplyKt", "RequestReply")) {
        "requests and replies keep their order: $name" {
            printed(name) shouldBe listOf("84 : 2 = 42", "division of 1 by zero", "-7 : 2 = -3")
        }
    }

    for (name in listOf("StartTlsKt", "StartTls")) {
        "a conversation begins in the clear and goes on under TLS: $name" {
            val certificates = TestCertificates.create("localhost").writeTo(tempdir().toPath())
            printed(name, "$certificates") shouldBe listOf("530 say STARTTLS first", "220 go ahead", "235 me is welcome", "221 bye")
        }
    }

    for (name in listOf("FiveProvidersKt", "FiveProviders")) {
        "what one was asked who died over it another one answers: $name" {
            val (deaths, answers) = printed(name, ANY_PORT).partition { "dies" in it }
            val dead = deaths.single().also { it shouldMatch "provider [0-4] dies over 13" }.substringBefore(" dies")
            answers.map { it.substringBefore(',') } shouldBe List(20) { "$it squared is ${it * it}" }
            answers[13].substringAfter("says ") shouldNotBe dead
        }
    }
})
