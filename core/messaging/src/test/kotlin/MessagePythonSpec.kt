package io.hawser.messaging

import io.hawser.framing.framed
import io.hawser.messaging.wire.ValueReader
import io.hawser.messaging.wire.frozen
import io.hawser.messaging.wire.isSameAs
import io.hawser.reconnect.Backoff
import io.hawser.reconnect.LinkOptions
import io.hawser.reconnect.OutboxOptions
import io.hawser.tcp.Tcp
import io.hawser.testkit.LeakCheck
import io.hawser.testkit.Program
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldContain
import io.kotest.matchers.shouldBe
import java.nio.ByteBuffer
import java.nio.file.Path
import java.time.OffsetDateTime
import kotlin.io.path.readText
import kotlin.random.Random
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.coroutineScope
import org.opentest4j.TestAbortedException

/** The system's, which is where the package of the system is. */
private const val PYTHON = "/usr/bin/python3"

/** Starts a program in Python that has msgpack, or skips the test where there is none, and fails it under CI. */
private suspend fun python(program: String, vararg arguments: String): Program {
    Program.require(PYTHON)
    val (text, status) = Program.start(PYTHON, "-c", "import msgpack").use { it.finish() }
    if (status != 0) {
        check(System.getenv("CI") != "true") { "python3-msgpack is not installed: $text" }
        throw TestAbortedException("python3-msgpack is not installed")
    }
    return Program.start(PYTHON, "-u", "-c", program, *arguments)
}

/** What Python makes of MessagePack. */
class MessagePythonSpec : StringSpec({
    extension(LeakCheck)

    "Python reads what we send, and says the same in the same bytes" {
        val echo = "import msgpack,sys\n" +
            "for line in sys.stdin: print(msgpack.packb(msgpack.unpackb(bytes.fromhex(line))).hex())"
        val random = Random(5)
        python(echo).use { program ->
            repeat(300) {
                val bytes = MessageCodec().bytes(random.message()).drop(4).toByteArray().hex()
                program.say("$bytes\n")
                program.line() shouldBe bytes
            }
        }
    }

    "we read what Python sends" {
        val value = """{"a": [None, True, 1, -1, 2**63 - 1, -2**63, 0.5], "b": b"\x00\xff", """ +
            """"ü": {"x": "\U0001f37a" * 100}, "l": list(range(300))}"""
        val expected = frozen(
            mapOf(
                "a" to listOf(null, true, 1, -1, Long.MAX_VALUE, Long.MIN_VALUE, 0.5),
                "b" to byteArrayOf(0, -1),
                "ü" to mapOf("x" to "\ud83c\udf7a".repeat(100)),
                "l" to (0 until 300).toList(),
            ),
        )
        for (how in listOf("", ", use_single_float=True")) {
            val (text, status) = python("import msgpack\nprint(msgpack.packb($value$how).hex())").use { it.finish() }
            status shouldBe 0
            ValueReader(ByteBuffer.wrap(unhex(text.trim()))).whole().isSameAs(expected) shouldBe true
        }
    }

    "the client in Python that PROTOCOL.md shows does what it says" {
        val client = Path.of("PROTOCOL.md").readText().substringAfter("```python\n").substringBefore("```")
        val heard = CompletableDeferred<Message?>()
        Tcp.server(port = 0).start(this) { connection ->
            val messages = connection.framed(MessageCodec())
            heard.complete(messages.receive())
            messages.send(Message.of("progress", mapOf("step" to 1, "blob" to byteArrayOf(7))))
            messages.send(Message.of("progress", mapOf("error" to "disk full"), MessageType.ERROR))
        }.use { server ->
            python(client, "${server.port}").use { program ->
                val (text, status) = program.finish()
                text.lines() shouldContain "progress data {'step': 1, 'blob': b'\\x07'}"
                text.lines() shouldContain "progress error {'error': 'disk full'}"
                status shouldBe 0
            }
            val message = checkNotNull(heard.await())
            message.data shouldBe mapOf("hello" to "from Python")
            message.type shouldBe MessageType.DATA
            OffsetDateTime.parse(message.timestampIso).toInstant().toEpochMilli() shouldBe message.timestampMs
        }
    }

    "a hub has the client in Python that PROTOCOL.md shows" {
        val client = Path.of("PROTOCOL.md").readText().substringAfter("```python\n").substringBefore("```")
        coroutineScope {
            val hub = MessageHub(Tcp.server(port = 0), "progress").start(this)
            hub.broadcast(mapOf("step" to 1))
            python(client, "${hub.handle.port}").use { program ->
                hub.receive(30.seconds).data shouldBe mapOf("hello" to "from Python")
                hub.broadcast(mapOf("step" to 2), MessageType.ERROR) shouldBe SendResult.Delivered(1)
                program.line() shouldBe "progress data {'step': 1}"
                program.line() shouldBe "progress error {'step': 2}"
                hub.shutdown(30.seconds)
                val (text, status) = program.finish()
                text.trim() shouldBe "progress control {'shutdown': True}"
                status shouldBe 0
            }
        }
    }

    "a client has a hub in Python, asks whether it is there, and meets the next one" {
        val hub = Path.of("src/test/python/hub.py").readText()
        val options = HubClientOptions {
            pingEvery = 20.milliseconds
            link = LinkOptions {
                backoff = Backoff.constant(10.milliseconds)
                outbox = OutboxOptions()
            }
        }
        coroutineScope {
            val port = freePorts(1).first
            val client = HubClient(Tcp.client("127.0.0.1", port), "progress", options).start(this)
            repeat(2) { round ->
                python(hub, "$port").use { program ->
                    program.awaitLine("listening $port")
                    client.receive(30.seconds).data shouldBe mapOf("step" to 1L)
                    program.awaitLine("ping")
                    client.send(mapOf("round" to round, "bytes" to byteArrayOf(1)))
                    val echoed = client.receive(30.seconds)
                    echoed.type shouldBe MessageType.ERROR
                    echoed.data["round"] shouldBe round.toLong()
                    (echoed.data["bytes"] as ByteArray).toList() shouldBe listOf<Byte>(1)
                    program.kill()
                }
            }
            client.close()
        }
    }
})
