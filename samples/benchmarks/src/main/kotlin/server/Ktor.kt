package io.hawser.benchmarks.server

import io.hawser.benchmarks.Tools
import io.ktor.network.selector.SelectorManager
import io.ktor.network.sockets.InetSocketAddress
import io.ktor.network.sockets.SocketAddress
import io.ktor.network.sockets.UnixSocketAddress
import io.ktor.network.sockets.aSocket
import io.ktor.network.sockets.openReadChannel
import io.ktor.network.sockets.openWriteChannel
import io.ktor.network.sockets.port
import io.ktor.util.cio.readChannel
import io.ktor.utils.io.ByteReadChannel
import io.ktor.utils.io.ByteWriteChannel
import io.ktor.utils.io.copyTo
import io.ktor.utils.io.discard
import io.ktor.utils.io.readAvailable
import io.ktor.utils.io.writeFully
import io.ktor.utils.io.writeLong
import java.io.File
import java.io.IOException
import java.nio.file.Path
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking

/** Ktor's raw sockets with its own channels, as its documentation shows them. */
internal object Ktor : JvmContestant("ktor", tcpServices + UNIX_ECHO) {
    override fun version(tools: Tools): String = "Ktor ${versionOf("ktor")}"

    override fun serve(service: String, file: Path): Unit = when (service) {
        ECHO -> serve { input, output -> input.copyTo(output) }
        SINK -> serve(converse = ::sink)
        SOURCE -> file.toFile().readBytes().let { content -> serve { input, output -> source(input, output, content) } }
        FILE -> file.toFile().let { serve { input, output -> sendFiles(input, output, it) } }
        UNIX_ECHO -> newPath().let { serve(UnixSocketAddress("$it"), "unix:$it") { input, output -> input.copyTo(output) } }
        else -> unknown(service)
    }

    private fun serve(
        address: SocketAddress = InetSocketAddress(LOOPBACK, 0),
        endpoint: String? = null,
        converse: suspend (ByteReadChannel, ByteWriteChannel) -> Unit,
    ): Unit = runBlocking(Dispatchers.Default) {
        val server = aSocket(SelectorManager(Dispatchers.IO)).tcp().bind(address)
        if (endpoint == null) announce(server.localAddress.port()) else announce(endpoint)
        while (true) {
            val socket = server.accept()
            launch {
                try {
                    socket.use { converse(it.openReadChannel(), it.openWriteChannel(autoFlush = true)) }
                } catch (_: IOException) {
                    // The peer is gone.
                }
            }
        }
    }

    private suspend fun sink(input: ByteReadChannel, output: ByteWriteChannel) {
        val received = input.discard()
        output.writeLong(received)
        output.flushAndClose()
    }

    private suspend fun source(input: ByteReadChannel, output: ByteWriteChannel, content: ByteArray) {
        if (input.readAvailable(ByteArray(1)) < 0) return
        while (true) {
            for (from in content.indices step PIECE) output.writeFully(content, from, minOf(from + PIECE, content.size))
        }
    }

    private suspend fun sendFiles(input: ByteReadChannel, output: ByteWriteChannel, file: File) {
        val request = ByteArray(1)
        while (input.readAvailable(request) > 0) {
            file.readChannel().copyTo(output)
            output.flush()
        }
    }
}
