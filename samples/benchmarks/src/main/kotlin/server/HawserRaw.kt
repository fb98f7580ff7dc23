package io.hawser.benchmarks.server

import io.hawser.Connection
import io.hawser.benchmarks.Tools
import io.hawser.copyTo
import io.hawser.tcp.Tcp
import java.nio.ByteBuffer
import java.nio.file.Path
import java.util.concurrent.ConcurrentLinkedQueue
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking

/** Hawser's connections with nobody between them: what a broker's streams are measured by. Who asks has a connection to himself. */
internal sealed class HawserRaw(name: String, services: Set<String>) : JvmContestant(name, services) {
    private val parties = object : Parties(this@HawserRaw) {
        override val hasProvider: Boolean get() = false

        override fun connect(): Int = startAnother(ANSWERER, "-")

        override suspend fun ask(service: String, port: Int, use: suspend (Asker) -> Unit) {
            val client = Tcp.client(LOOPBACK, port)
            val idle = ConcurrentLinkedQueue<Connection>()
            use { question ->
                val connection = idle.poll() ?: client.connect()
                exchange(connection, question)
                idle.add(connection)
            }
        }
    }

    override fun version(tools: Tools): String = Hawser.version(tools)

    override fun serve(service: String, file: Path): Unit = if (service == ANSWERER) answer() else parties.serve(service, file)

    private fun answer() = runBlocking {
        Tcp.server(port = 0).serve(onStart = { announce("${it.endpoint}") }) { answer(it) }
    }

    protected abstract suspend fun answer(connection: Connection)

    protected abstract suspend fun exchange(connection: Connection, question: Question)

    protected suspend fun send(connection: Connection, question: Question): Unit =
        question.pieces.collect { connection.write(ByteBuffer.wrap(it)) }

    /** The next [size] bytes. */
    protected suspend fun receive(connection: Connection, size: Long): Digest {
        val digest = Digest()
        val buffer = ByteBuffer.allocateDirect(PIECE)
        var left = size
        while (left > 0) {
            check(connection.read(buffer.clear().limit(minOf(left, PIECE.toLong()).toInt())) > 0) { "$left bytes are missing" }
            left -= buffer.flip().remaining()
            digest.take(buffer)
        }
        return digest
    }

    private companion object {
        const val ANSWERER = "answerer"
    }
}

/** All that is sent comes back. */
internal object HawserRawEcho : HawserRaw("hawser-raw-echo", setOf(UPLOAD, BOTH_WAYS)) {
    override suspend fun answer(connection: Connection) {
        connection.copyTo(connection)
    }

    override suspend fun exchange(connection: Connection, question: Question): Unit = coroutineScope {
        launch { send(connection, question) }
        question.digest.requireSame(receive(connection, question.size.toLong()).bytes())
    }
}

/** How long it is, then all of it, and a [Digest] that comes back. */
internal object HawserRawPush : HawserRaw("hawser-raw-push", setOf(UPLOAD)) {
    override suspend fun answer(connection: Connection) {
        while (true) {
            val size = ByteBuffer.wrap(connection.readExactly(Long.SIZE_BYTES)).getLong()
            connection.write(ByteBuffer.wrap(receive(connection, size).bytes()))
        }
    }

    override suspend fun exchange(connection: Connection, question: Question) {
        connection.write(ByteBuffer.allocate(Long.SIZE_BYTES).putLong(question.size.toLong()).flip())
        send(connection, question)
        question.digest.requireSame(connection.readExactly(Digest.SIZE))
    }
}
