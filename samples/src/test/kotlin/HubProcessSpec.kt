package io.hawser.samples

import io.hawser.testkit.LeakCheck
import io.hawser.testkit.TestCertificates
import io.kotest.assertions.nondeterministic.eventually
import io.kotest.core.spec.style.StringSpec
import io.kotest.engine.spec.tempdir
import io.kotest.matchers.collections.shouldContain
import io.kotest.matchers.comparables.shouldBeLessThan
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldEndWith
import io.kotest.matchers.string.shouldMatch
import io.kotest.matchers.string.shouldStartWith
import java.net.InetAddress
import java.net.ServerSocket
import kotlin.time.Duration.Companion.seconds

private const val SOME_TIME = "([0-9]+ ms|[0-9.]+ s)"

/** `hub` as its users meet it: processes that listen and send, end and are killed. */
class HubProcessSpec : StringSpec({
    extension(LeakCheck)
    timeout = 180_000

    fun hub(vararg options: String) = Child.hawser("hub", "--event", "progress", *options)

    fun listen(to: String, vararg options: String) = Child.hawser("hub", "listen", to, "--event", "progress", *options)

    fun send(to: String, vararg options: String) = Child.hawser("hub", "send", to, "--event", "progress", *options)

    fun Child.dataLine() = line().substringAfter("\"data\":").removeSuffix("}")

    fun Child.End.lastError() = errors.trim().lines().last()

    fun Child.connects(attempt: Int, to: String) {
        errorLine() shouldBe "connecting (attempt $attempt)"
        errorLine() shouldBe "connected to $to"
    }

    "lines go to all who listen, what clients send comes out, and a hub without input serves on, at rest" {
        hub("--on", "127.0.0.1:0", "--replay", "1").use { hub ->
            val endpoint = "tcp://127.0.0.1:${hub.port()}"
            val listeners = List(2) { n -> listen(endpoint, "--count", "2").also { it.connects(1, endpoint) } to n + 1 }
            List(2) { hub.errorLine() }.sorted().forEachIndexed { i, line ->
                line shouldMatch "client ${i + 1} connected from /127.0.0.1:[0-9]+"
            }
            hub.type("{\"step\":1,\"of\":12345678901}\n{\"step\":1e999}\nplain text\n")
            for ((listener, _) in listeners) {
                listener.use {
                    val first = listener.line()
                    first shouldStartWith "{\"event_name\":\"progress\",\"timestamp_ms\":1"
                    first shouldEndWith "\"message_type\":\"data\",\"data\":{\"step\":1,\"of\":12345678901}}"
                    listener.dataLine() shouldBe "{\"text\":\"plain text\"}"
                    listener.end() shouldBe Child.End(0, emptyList(), "connecting (attempt 1)\nconnected to $endpoint\nstopped\n")
                }
            }
            hub.errorLine() shouldBe "hawser: line 2 is not sent: too large for 64 bits: 1e999"

            send(endpoint, "{\"answer\":42}").use { it.end() shouldBe Child.End(0, emptyList(), "") }
            hub.line() shouldMatch "\\{\"client\":\"3\",\"event_name\":\"progress\",.*,\"data\":\\{\"answer\":42}}"
            send(endpoint).use {
                it.say("one\n{\"n\":9223372036854775808}\ntwo")
                it.end() shouldBe Child.End(
                    1,
                    emptyList(),
                    "hawser: line 2 is not sent: more than 64 bits: 9223372036854775808\nhawser: lines that were not sent: 1\n",
                )
            }
            List(2) { hub.dataLine() } shouldBe listOf("{\"text\":\"one\"}", "{\"text\":\"two\"}")
            Child.hawser("hub", "send", endpoint, "--event", "other", "x").use {
                it.end() shouldBe Child.End(1, emptyList(), "hawser: the hub at $endpoint is about progress, not other\n")
            }

            hub.say("")
            eventually(20.seconds) { Proc(hub.pid).processorShareOver(2.seconds) shouldBeLessThan 0.03 }
            listen(endpoint, "--count", "1").use { late ->
                late.dataLine() shouldBe "{\"text\":\"plain text\"}"
                late.end().status shouldBe 0
            }
            hub.signal("TERM")
            val end = hub.end()
            end.status shouldBe 0
            end.lines shouldBe emptyList()
        }
    }

    "a hub that is killed and started again is met again, until a signal" {
        val endpoint = "unix:${tempdir().resolve("hub.sock")}"
        val first = hub("--on", endpoint).apply { line() shouldBe "listening $endpoint" }
        listen(endpoint).use { listener ->
            first.use {
                listener.connects(1, endpoint)
                first.errorLine() shouldBe "client 1 connected"
                first.type("one\n")
                listener.dataLine() shouldBe "{\"text\":\"one\"}"
                first.signal("KILL")
                listener.errorLine() shouldMatch "waiting $SOME_TIME because .*"
            }
            hub("--on", endpoint).use { second ->
                second.type("two\n")
                listener.dataLine() shouldBe "{\"text\":\"two\"}"
                second.signal("TERM")
                second.end().status shouldBe 0
            }
            listener.signal("TERM")
            val end = listener.end()
            end.status shouldBe 143
            end.lines shouldBe emptyList()
            end.lastError() shouldBe "stopped"
        }
    }

    "a hub says why it does not take what is sent" {
        hub("--on", "127.0.0.1:0", "--no-client-send", "--max-clients", "1").use { hub ->
            val endpoint = "tcp://127.0.0.1:${hub.port()}"
            send(endpoint, "x").use {
                it.end() shouldBe Child.End(1, emptyList(), "hawser: the hub at $endpoint refuses: sending is not allowed\n")
            }
            listen(endpoint).use { listener ->
                listener.connects(1, endpoint)
                hub.type("here\n")
                listener.dataLine() shouldBe "{\"text\":\"here\"}"
                send(endpoint).use {
                    it.end() shouldBe Child.End(1, emptyList(), "hawser: the hub at $endpoint refuses: too many clients\n")
                }
            }
            hub.signal("TERM")
            val end = hub.end()
            end.status shouldBe 0
            end.errors.lines().filter { it.endsWith("was turned away: there are too many") }.size shouldBe 1
        }
    }

    "who sends is told that nobody is there, nobody answers, or somebody else does, and has taken nothing of its input" {
        val line = "echo hello | { \"\$@\" || cat; }"
        refusing { port ->
            val refused = "tcp://127.0.0.1:$port"
            Child.shell(line, "hub", "send", refused, "--event", "e").use {
                it.end() shouldBe Child.End(0, listOf("hello"), "hawser: cannot connect to $refused: Connection refused\n")
            }
        }
        ServerSocket(0, 1, InetAddress.getLoopbackAddress()).use { silent ->
            val endpoint = "tcp://127.0.0.1:${silent.localPort}"
            Child.shell(line, "hub", "send", endpoint, "--event", "e", "--connect-timeout", "5s").use {
                it.end() shouldBe Child.End(0, listOf("hello"), "hawser: the hub at $endpoint has not answered within 5000 ms\n")
            }
        }
        Child.hawser("echo", "--on", "127.0.0.1:0").use { echo ->
            val endpoint = "tcp://127.0.0.1:${echo.port()}"
            Child.shell(line, "hub", "send", endpoint, "--event", "e").use {
                it.end() shouldBe Child.End(0, listOf("hello"), "hawser: $endpoint is no hub\n")
            }
        }
    }

    "who sends is told that the hub has gone, though the input goes on" {
        hub("--on", "127.0.0.1:0").use { hub ->
            val endpoint = "tcp://127.0.0.1:${hub.port()}"
            send(endpoint).use { sender ->
                sender.type("one\n")
                hub.dataLine() shouldBe "{\"text\":\"one\"}"
                hub.signal("TERM")
                hub.end().status shouldBe 0
                sender.end() shouldBe
                    Child.End(1, emptyList(), "hawser: the hub at $endpoint has ended the connection before it had everything\n")
            }
        }
    }

    "an output that nobody reads any more is one line and status 1" {
        hub("--on", "127.0.0.1:0", "--replay", "1").use { hub ->
            val endpoint = "tcp://127.0.0.1:${hub.port()}"
            hub.type("x\n")
            Child.shell("\"\$@\" | head -c 1; exit \${PIPESTATUS[0]}", "hub", "listen", endpoint, "--event", "progress").use { listener ->
                listener.errorLine() shouldBe "connecting (attempt 1)"
                hub.errorLine() shouldStartWith "client 1 connected"
                runCatching { while (listener.isAlive) hub.type("y\n") }
                val end = listener.end()
                end.status shouldBe 1
                end.lastError() shouldBe "hawser: cannot write to standard output: Broken pipe"
            }
        }
    }

    "it goes over TLS" {
        val folder = TestCertificates.create("localhost").writeTo(tempdir().toPath())
        hub("--on", "tls://127.0.0.1:0", "--tls-cert", "$folder/server.pem", "--tls-key", "$folder/server.key").use { hub ->
            val endpoint = "tls://localhost:${hub.port()}"
            hub.type("secret\n")
            listen(endpoint, "--count", "1", "--ca", "$folder/authority.pem").use { it.dataLine() shouldBe "{\"text\":\"secret\"}" }
            send(endpoint, "--ca", "$folder/authority.pem", "whisper").use { it.end().status shouldBe 0 }
            hub.dataLine() shouldBe "{\"text\":\"whisper\"}"
        }
    }

    "an input that is closed is one line and status 1" {
        Child.shell("exec \"\$@\" <&-", "hub", "--on", "127.0.0.1:0", "--event", "progress").use { hub ->
            val end = hub.end()
            end.status shouldBe 1
            end.errors.trim().lines() shouldContain "hawser: cannot read standard input: it is closed"
        }
    }
})
