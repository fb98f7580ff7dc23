package io.hawser.tcp

import io.hawser.asByteReadChannel
import io.hawser.asByteWriteChannel
import io.hawser.testkit.LeakCheck
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.shouldBe
import io.ktor.network.selector.SelectorManager
import io.ktor.network.sockets.InetSocketAddress
import io.ktor.network.sockets.aSocket
import io.ktor.network.sockets.openReadChannel
import io.ktor.network.sockets.openWriteChannel
import io.ktor.utils.io.ByteReadChannel
import io.ktor.utils.io.ByteWriteChannel
import io.ktor.utils.io.copyTo
import io.ktor.utils.io.readAvailable
import io.ktor.utils.io.readBuffer
import io.ktor.utils.io.readFully
import io.ktor.utils.io.readInt
import io.ktor.utils.io.readLine
import io.ktor.utils.io.readPacket
import io.ktor.utils.io.writeByte
import io.ktor.utils.io.writeFully
import io.ktor.utils.io.writeInt
import io.ktor.utils.io.writeLong
import io.ktor.utils.io.writePacket
import io.ktor.utils.io.writeStringUtf8
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.launch
import kotlinx.coroutines.withTimeout
import kotlinx.io.Buffer
import kotlinx.io.readByteArray
import kotlinx.io.readString

/** A client and a server that were written for Ktor's raw sockets do the same over ours, each with each. */
class KtorProgramSpec : StringSpec({
    extension(LeakCheck)

    suspend fun talking(server: KtorPeers, client: KtorPeers): List<String> = withTimeout(HANG) {
        buildList { server.serving(::serve) { port -> client.connected(port) { input, output -> ask(input, output, ::add) } } }
    }

    "channels over a connection do what channels over Ktor's socket do" {
        val expected = talking(KtorPeers.Stock, KtorPeers.Stock)
        expected.take(2) shouldBe listOf("hello, wörld", "499500")
        talking(KtorPeers.Stock, KtorPeers.Ours).shouldContainExactly(expected)
        talking(KtorPeers.Ours, KtorPeers.Stock).shouldContainExactly(expected)
        talking(KtorPeers.Ours, KtorPeers.Ours).shouldContainExactly(expected)
    }
})

private suspend fun serve(input: ByteReadChannel, output: ByteWriteChannel) {
    while (true) {
        val command = input.readLine() ?: break
        when (command) {
            "greet" -> output.writeStringUtf8("hello, ${input.readLine()}\r\n")

            "sum" -> output.writeLong((1..input.readInt()).sumOf { input.readInt().toLong() })

            "reverse" -> {
                val packet = input.readPacket(input.readInt())
                output.writeFully(packet.readByteArray().reversedArray())
            }

            "echo the rest" -> {
                output.writeByte('>'.code.toByte())
                input.copyTo(output)
            }

            else -> output.writeStringUtf8("unknown: $command\n")
        }
        output.flush()
    }
    output.flushAndClose()
}

private suspend fun ask(input: ByteReadChannel, output: ByteWriteChannel, tell: (String) -> Unit) {
    output.writeStringUtf8("greet\nwörld\n")
    output.flush()
    tell("${input.readLine()}")
    output.writeStringUtf8("sum\n")
    output.writeInt(1_000)
    repeat(1_000) { output.writeInt(it) }
    output.flush()
    tell("${input.readPacket(8).readLong()}")
    output.writeStringUtf8("reverse\n")
    output.writeInt(100_000)
    output.writePacket(Buffer().apply { write(ByteArray(100_000) { it.toByte() }) })
    output.flush()
    val reversed = ByteArray(100_000).also { input.readFully(it) }
    tell("${reversed.contentHashCode()}")
    output.writeStringUtf8("what\n")
    output.flush()
    tell("${input.readLine()}")
    output.writeStringUtf8("echo the rest\nthis ")
    output.flush()
    output.writeStringUtf8("and that")
    output.flushAndClose()
    tell(input.readBuffer().readString())
    tell("${input.isClosedForRead} ${input.closedCause} ${output.isClosedForWrite} ${input.readAvailable(ByteArray(1))}")
}

/** Where the channels come from: all that a program changes. */
private enum class KtorPeers {
    Stock {
        override suspend fun serving(session: Session, block: suspend (port: Int) -> Unit) = SelectorManager(Dispatchers.IO).use {
            aSocket(it).tcp().bind("127.0.0.1", 0).use { server ->
                coroutineScope {
                    launch {
                        server.accept().use { socket -> session(socket.openReadChannel(), socket.openWriteChannel()) }
                    }
                    block((server.localAddress as InetSocketAddress).port)
                }
            }
        }

        override suspend fun connected(port: Int, session: Session) = SelectorManager(Dispatchers.IO).use {
            aSocket(it).tcp().connect("127.0.0.1", port).use { socket -> session(socket.openReadChannel(), socket.openWriteChannel()) }
        }
    },
    Ours {
        override suspend fun serving(session: Session, block: suspend (port: Int) -> Unit) =
            io.hawser.tcp.serving({ session(it.asByteReadChannel(), it.asByteWriteChannel()) }) { server -> block(server.port) }

        override suspend fun connected(port: Int, session: Session) =
            Tcp.client("127.0.0.1", port).connect { session(it.asByteReadChannel(), it.asByteWriteChannel()) }
    }, ;

    abstract suspend fun serving(session: Session, block: suspend (port: Int) -> Unit)

    abstract suspend fun connected(port: Int, session: Session)
}

private typealias Session = suspend (ByteReadChannel, ByteWriteChannel) -> Unit
