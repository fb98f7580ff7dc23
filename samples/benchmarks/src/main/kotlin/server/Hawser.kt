package io.hawser.benchmarks.server

import io.hawser.Connection
import io.hawser.Datagram
import io.hawser.DatagramClientOptions
import io.hawser.DatagramExchange
import io.hawser.DatagramServer
import io.hawser.StreamServer
import io.hawser.benchmarks.Tools
import io.hawser.copyTo
import io.hawser.engine.EventLoopGroup
import io.hawser.messaging.HubOptions
import io.hawser.messaging.MessageHub
import io.hawser.tcp.Tcp
import io.hawser.tls.ServerTls
import io.hawser.tls.tls
import io.hawser.udp.Udp
import io.hawser.unix.ClientName
import io.hawser.unix.Unix
import io.hawser.unix.UnixDatagram
import java.nio.ByteBuffer
import java.nio.channels.FileChannel
import java.nio.file.Path
import kotlinx.coroutines.runBlocking

/** Hawser as it comes: no option is set, but for how many clients a hub has. */
internal object Hawser : JvmContestant("hawser", tcpServices + otherServices + TLS_ECHO + FAN_OUT + exchangeServices) {
    private val parties = HawserParties(this)

    override fun version(tools: Tools): String = "Hawser ${versionOf("hawser")}"

    override fun serve(service: String, file: Path): Unit = when (service) {
        ECHO -> serve { it.copyTo(it) }
        SINK -> serve(::sink)
        SOURCE -> load(file).let { content -> serve { source(it, content) } }
        FILE -> serve { sendFiles(it, file) }
        UNIX_ECHO -> serve(Unix.server(newPath())) { it.copyTo(it) }
        UDP_ECHO -> serve(Udp.server(port = 0)) { reply(it.bytes) }
        UDP_SINK -> serve(Udp.server(port = 0), Counter()::take)
        UNIXGRAM_SINK -> countUnixDatagrams()
        TLS_ECHO -> echoOverTls(ServerTls { identity(file, keyBeside(file)) })
        FAN_OUT -> fanOut()
        HawserParties.BROKER -> runBlocking { HawserParties.serveBroker() }
        HawserParties.TOGETHER -> parties.serveTogether()
        else -> parties.serve(service, file)
    }

    /** It is by the scheme that the load generator knows of the TLS. */
    fun echoOverTls(tls: ServerTls): Unit = runBlocking {
        Tcp.server(port = 0).tls(tls).serve(onStart = { announce("tls://${"${it.endpoint}".substringAfter("://")}") }) { it.copyTo(it) }
    }

    private fun serve(handler: suspend (Connection) -> Unit) = serve(Tcp.server(port = 0), handler)

    private fun serve(server: StreamServer, handler: suspend (Connection) -> Unit) = runBlocking {
        server.serve(onStart = { announce("${it.endpoint}") }) { handler(it) }
    }

    private fun serve(server: DatagramServer, handler: suspend DatagramExchange.(Datagram) -> Unit) = runBlocking {
        server.serve(onStart = { announce("${it.endpoint}") }, handler)
    }

    /** Without a handler for each: as little as `receive` can do. */
    private fun countUnixDatagrams() = runBlocking(EventLoopGroup.shared.next()) {
        val counter = Counter()
        val path = newPath()
        val buffer = ByteBuffer.allocateDirect(LARGEST + 1)
        UnixDatagram.open(ClientName.of(path), DatagramClientOptions { maxDatagramSize = LARGEST }).use { socket ->
            announce("unixgram:$path")
            while (true) {
                val receipt = socket.receive(buffer.clear())
                if (counter.isAsked(receipt.length)) socket.send(counter.answer(), checkNotNull(receipt.sender))
            }
        }
    }

    /** With places for who subscribes before the last ones have left. */
    private fun fanOut() = runBlocking {
        val hub = MessageHub(Tcp.server(port = 0), FAN_OUT, HubOptions { maxClients = MOST_CLIENTS }).start(this)
        Orders().use { orders ->
            announce("hub://${"${hub.endpoint}".substringAfter("://")},${orders.port}")
            orders.batches.flatten().forEach { hub.broadcast(mapOf("content" to it)) }
        }
    }

    private const val LARGEST = 65_535
    private const val MOST_CLIENTS = 2_000

    /** Handlers run one at a time. */
    private class Counter {
        private var datagrams = 0L
        private var bytes = 0L

        suspend fun take(exchange: DatagramExchange, datagram: Datagram) {
            if (isAsked(datagram.bytes.size)) exchange.reply(answer())
        }

        /** Counts a datagram of [size] bytes, unless it asks for what was counted. */
        fun isAsked(size: Int): Boolean {
            if (size == 1) return true
            datagrams++
            bytes += size
            return false
        }

        fun answer(): ByteArray = ByteBuffer.allocate(2 * Long.SIZE_BYTES).putLong(datagrams).putLong(bytes).array()
    }

    /** Where the kernel takes it from without a copy. */
    private fun load(file: Path): ByteBuffer = FileChannel.open(file).use { channel ->
        val content = ByteBuffer.allocateDirect(Math.toIntExact(channel.size()))
        while (content.hasRemaining()) channel.read(content)
        content.flip()
    }

    private suspend fun sink(connection: Connection) {
        val buffer = ByteBuffer.allocateDirect(PIECE)
        while (connection.read(buffer) >= 0) buffer.clear()
        connection.write(ByteBuffer.allocate(Long.SIZE_BYTES).putLong(connection.bytesRead).flip())
    }

    private suspend fun source(connection: Connection, content: ByteBuffer) {
        if (connection.read(ByteBuffer.allocate(1)) < 0) return
        while (true) {
            for (from in 0 until content.limit() step PIECE) {
                connection.write(content.slice(from, minOf(PIECE, content.limit() - from)))
            }
        }
    }

    private suspend fun sendFiles(connection: Connection, file: Path) {
        val request = ByteBuffer.allocate(1)
        while (connection.read(request.clear()) > 0) connection.sendFile(file)
    }
}
