package io.hawser.tls

import io.hawser.Connection
import io.hawser.ServerOptions
import io.hawser.WriteTimeout
import io.hawser.testkit.LeakCheck
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeInstanceOf
import java.nio.ByteBuffer
import kotlin.time.Duration
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.minutes
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitAll
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.withTimeout

private const val PEERS = 20

/** Peers that shake hands and then read nothing. */
class StuckPeersSpec : StringSpec({
    extension(LeakCheck)

    "peers that stop reading suspend their writers, and cost no processor time" {
        stuckWriters { connections ->
            LeakCheck.ensureRest()
            val written = connections.map { it.bytesWritten }
            LeakCheck.ensureRest()
            connections.map { it.bytesWritten } shouldBe written
            connections.forEach(Connection::abort)
        }
    }

    "a connection whose peer has stopped reading is closed when the close timeout is up" {
        stuckWriters { connections ->
            LeakCheck.ensureRest()
            connections.forEach(Connection::close)
            connections.map { async { it.awaitClosed() } }.awaitAll()
        }
    }

    "a connection whose peer has stopped reading is aborted at once, however long a close might take" {
        stuckWriters(ServerOptions { closeTimeout = Duration.INFINITE }) { connections ->
            LeakCheck.ensureRest()
            connections.forEach(Connection::abort)
            connections.map { async { it.awaitClosed() } }.awaitAll()
        }
    }

    "the write timeout ends connections whose peers have stopped reading" {
        stuckWriters(ServerOptions { writeTimeout = 300.milliseconds }) { connections ->
            connections.map { async { it.awaitClosed() } }.awaitAll()
        }.forEach { it.shouldBeInstanceOf<WriteTimeout>() }
    }

    "the end of a server ends connections whose peers have stopped reading" {
        stuckWriters { LeakCheck.ensureRest() }
    }
})

/**
 * Runs [block] with a server's connections, each of which writes without end to a peer that reads nothing, and returns how the writes
 * ended. They all have ended, and their descriptors are free, although the peers have not done anything.
 */
private suspend fun stuckWriters(
    options: ServerOptions = ServerOptions { closeTimeout = 300.milliseconds },
    block: suspend CoroutineScope.(List<Connection>) -> Unit,
): List<Throwable> = withTimeout(2.minutes) {
    val stuck = Channel<Connection>(PEERS)
    val ends = Channel<Throwable>(PEERS)
    coroutineScope {
        val running = tcpServer(options).tls(serverTls).start(this) { connection ->
            stuck.send(connection)
            val large = ByteBuffer.allocateDirect(1 shl 20)
            try {
                while (true) connection.write(large.clear())
            } catch (e: Throwable) {
                ends.trySend(e)
                throw e
            }
        }
        val peers = List(PEERS) { tcpClient(running).tls(clientTls, "localhost").connect() }
        try {
            running.use {
                val connections = List(PEERS) { stuck.receive() }
                coroutineScope { block(connections) }
            }
            running.awaitClosed()
            running.connectionCount.value shouldBe 0
            List(PEERS) { ends.receive() }
        } finally {
            peers.forEach(Connection::abort)
        }
    }
}
