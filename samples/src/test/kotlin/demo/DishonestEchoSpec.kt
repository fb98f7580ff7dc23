package io.hawser.samples.demo

import io.hawser.Connection
import io.hawser.SocketFailure
import io.hawser.copyTo
import io.hawser.tcp.Tcp
import io.hawser.testkit.LeakCheck
import io.hawser.udp.Udp
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.engine.spec.tempfile
import io.kotest.matchers.shouldBe
import java.nio.ByteBuffer
import java.util.concurrent.atomic.AtomicLong
import kotlin.random.Random
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.flow.fold

/** The demo against servers that are no echoes: a difference must not get through. */
class DishonestEchoSpec : StringSpec({
    extension(LeakCheck)
    timeout = 60_000
    val file = tempfile().apply { writeBytes(Random(7).nextBytes(3_000_000)) }.toPath()

    suspend fun <R> against(handler: suspend (Connection) -> Unit, block: suspend (Echo) -> R): R = coroutineScope {
        Tcp.server(port = 0).start(this) { handler(it) }.use { block(StreamEcho(it.endpoint)) }
    }

    suspend fun stream(echo: Echo) = echo.stream(file, fingerprintOf(file, AtomicLong()), AtomicLong())

    "an honest echo passes, and every byte is counted" {
        against({ it.copyTo(it) }) { echo ->
            val received = AtomicLong()
            echo.stream(file, fingerprintOf(file, AtomicLong()), received)
            received.get() shouldBe 3_000_000
        }
    }

    "one wrong byte is found" {
        val flipping: suspend (Connection) -> Unit = { connection ->
            connection.incoming().fold(0L) { offset, bytes ->
                val index = 1_500_000 - offset
                if (index in bytes.indices) bytes[index.toInt()]++
                connection.write(ByteBuffer.wrap(bytes))
                offset + bytes.size
            }
        }
        against(flipping) { echo ->
            shouldThrow<EchoDiffers> { stream(echo) }.message shouldBe "the echo of ${echo.endpoint} differs: " +
                "3000000 bytes came back of 3000000, the first wrong one at offset 1048576..2097151"
        }
    }

    "missing bytes are found" {
        val forgetful: suspend (Connection) -> Unit = { connection ->
            val kept = connection.readExactly(100)
            connection.incoming().collect { }
            connection.write(ByteBuffer.wrap(kept))
        }
        against(forgetful) { echo ->
            shouldThrow<EchoDiffers> { stream(echo) }.message shouldBe
                "the echo of ${echo.endpoint} differs: 100 bytes came back of 3000000"
        }
    }

    "a reset fails with the endpoint" {
        val resetting: suspend (Connection) -> Unit = {
            it.readExactly(1)
            it.abort()
        }
        against(resetting) { echo ->
            shouldThrow<SocketFailure> { stream(echo) }.message shouldBe "connection to ${echo.endpoint} was reset by the peer"
        }
    }

    "a wrong pong is found" {
        val silly: suspend (Connection) -> Unit = { connection ->
            while (true) {
                connection.readExactly(64)
                connection.write(ByteBuffer.allocate(64))
            }
        }
        against(silly) { echo ->
            shouldThrow<PongDiffers> { measureRoundTrips(echo, AtomicLong()) }.message shouldBe
                "round trip 1 through ${echo.endpoint} differs: byte 1 is 0 and not 1"
        }
    }

    "a pong that ends early is found" {
        against({ it.write(ByteBuffer.wrap(it.readExactly(64), 0, 10)) }) { echo ->
            shouldThrow<PongDiffers> { measureRoundTrips(echo, AtomicLong()) }.message shouldBe
                "round trip 1 through ${echo.endpoint} differs: 10 bytes of 64 came back"
        }
    }

    "datagrams that get lost are sent again, and one wrong byte is found" {
        coroutineScope {
            val count = AtomicLong()
            Udp.server(port = 0).start(this) { if (count.incrementAndGet() % 50 != 0L) reply(it.bytes) }.use { server ->
                val received = AtomicLong()
                DatagramEcho(server.endpoint).stream(file, fingerprintOf(file, AtomicLong()), received)
                received.get() shouldBe 3_000_000
            }
            Udp.server(port = 0).start(this) { reply(it.bytes.apply { if (size < 8_200) this[size - 1]++ }) }.use { server ->
                shouldThrow<EchoDiffers> { DatagramEcho(server.endpoint).stream(file, fingerprintOf(file, AtomicLong()), AtomicLong()) }
                    .message shouldBe "the echo of ${server.endpoint} differs: 3000000 bytes came back of 3000000, " +
                    "the first wrong one at offset 2097152..2999999"
            }
        }
    }

    "a file that is none is refused" {
        shouldThrow<FileUnusable> { sizeOf(file.resolveSibling("nothing")) }.message shouldBe
            "cannot stream ${file.resolveSibling("nothing")}: there is no such file"
        shouldThrow<FileUnusable> { sizeOf(file.parent) }.message shouldBe "cannot stream ${file.parent}: it is a directory"
        val empty = tempfile().toPath()
        shouldThrow<FileUnusable> { sizeOf(empty) }.message shouldBe "cannot stream $empty: it is empty"
    }
})
