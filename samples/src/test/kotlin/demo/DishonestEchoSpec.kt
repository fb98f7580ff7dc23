package io.hawser.samples.demo

import io.hawser.Connection
import io.hawser.SocketFailure
import io.hawser.StreamClient
import io.hawser.copyTo
import io.hawser.tcp.Tcp
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
    timeout = 60_000
    val file = tempfile().apply { writeBytes(Random(7).nextBytes(3_000_000)) }.toPath()

    suspend fun <R> against(handler: suspend (Connection) -> Unit, block: suspend (StreamClient) -> R): R = coroutineScope {
        Tcp.server(port = 0).start(this) { handler(it) }.use { block(Tcp.client("127.0.0.1", it.port)) }
    }

    suspend fun stream(client: StreamClient) = streamThrough(client, file, fingerprintOf(file, AtomicLong()), AtomicLong())

    "an honest echo passes, and every byte is counted" {
        against({ it.copyTo(it) }) { client ->
            val received = AtomicLong()
            streamThrough(client, file, fingerprintOf(file, AtomicLong()), received)
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
        against(flipping) { client ->
            shouldThrow<EchoDiffers> { stream(client) }.message shouldBe "the echo of ${client.endpoint} differs: " +
                "3000000 bytes came back of 3000000, the first wrong one at offset 1048576..2097151"
        }
    }

    "missing bytes are found" {
        val forgetful: suspend (Connection) -> Unit = { connection ->
            val kept = connection.readExactly(100)
            connection.incoming().collect { }
            connection.write(ByteBuffer.wrap(kept))
        }
        against(forgetful) { client ->
            shouldThrow<EchoDiffers> { stream(client) }.message shouldBe
                "the echo of ${client.endpoint} differs: 100 bytes came back of 3000000"
        }
    }

    "a reset fails with the endpoint" {
        val resetting: suspend (Connection) -> Unit = {
            it.readExactly(1)
            it.abort()
        }
        against(resetting) { client ->
            shouldThrow<SocketFailure> { stream(client) }.message shouldBe "connection to ${client.endpoint} was reset by the peer"
        }
    }

    "a wrong pong is found" {
        val silly: suspend (Connection) -> Unit = { connection ->
            while (true) {
                connection.readExactly(64)
                connection.write(ByteBuffer.allocate(64))
            }
        }
        against(silly) { client ->
            shouldThrow<PongDiffers> { measureRoundTrips(client, AtomicLong()) }.message shouldBe
                "round trip 1 through ${client.endpoint} differs: byte 1 is 0 and not 1"
        }
    }

    "a pong that ends early is found" {
        against({ it.write(ByteBuffer.wrap(it.readExactly(64), 0, 10)) }) { client ->
            shouldThrow<PongDiffers> { measureRoundTrips(client, AtomicLong()) }.message shouldBe
                "round trip 1 through ${client.endpoint} differs: the stream ended after 10 bytes of 64"
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
