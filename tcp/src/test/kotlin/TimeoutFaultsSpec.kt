package io.hawser.tcp

import io.hawser.CloseReason
import io.hawser.Connection
import io.hawser.ServerOptions
import io.hawser.WriteTimeout
import io.hawser.event.ConnectionEvent
import io.hawser.testkit.LeakCheck
import io.hawser.testkit.Program
import io.kotest.assertions.nondeterministic.eventually
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldHaveSize
import io.kotest.matchers.comparables.shouldBeLessThan
import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeInstanceOf
import java.io.IOException
import java.nio.ByteBuffer
import java.util.concurrent.ConcurrentLinkedQueue
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.flow.first
import org.opentest4j.TestAbortedException

private val large = ByteBuffer.allocateDirect(32 * 1024 * 1024)

/** Peers that stop, or whose sockets are killed, and what becomes of their connections. */
class TimeoutFaultsSpec : StringSpec({
    extension(LeakCheck)

    "writes to peers that stopped time out one and all, cost nothing until then, and leave nothing" {
        val failures = Channel<Throwable?>(Channel.UNLIMITED)
        val closed = ConcurrentLinkedQueue<CloseReason>()
        val stuck: suspend CoroutineScope.(Connection) -> Unit = { connection ->
            connection.readLine()
            val failure = runCatching { connection.write(large.duplicate()) }.exceptionOrNull()
            failures.send(failure)
            throw checkNotNull(failure)
        }
        val options = ServerOptions {
            writeTimeout = 4.seconds
            onEvent { if (it is ConnectionEvent.Closed) closed += it.reason }
        }
        serving(stuck, options) { server ->
            val before = sockets()
            val program = """
                all=[connect() for i in range(50)]
                for s in all: s.sendall(b'go\n')
                print('connected')
                sys.stdin.readline()
                resets=0
                for s in all:
                    try:
                        while s.recv(1000000): pass
                    except ConnectionResetError: resets+=1
                print(resets)
            """
            Peer.python(server.port, program).use { peer ->
                peer.line() shouldBe "connected"
                peer.signal("STOP")
                server.connectionCount.first { it == 50 }
                LeakCheck.ensureRest()
                repeat(50) { failures.receive().shouldBeInstanceOf<WriteTimeout>() }
                server.connectionCount.first { it == 0 }
                // The peer is still stopped: what we hold no more, we have given back ourselves.
                sockets() shouldBe before
                server.totals.bytesWritten shouldBeLessThan 50L * large.capacity()
                eventually(10.seconds) { closed shouldHaveSize 50 }
                closed.forEach { it.shouldBeInstanceOf<CloseReason.Timeout>().cause.shouldBeInstanceOf<WriteTimeout>() }
                peer.signal("CONT")
                peer.say("\n")
                peer.line() shouldBe "50"
            }
        }
    }

    "a socket that is killed from outside fails with its connection" {
        val failure = CompletableDeferred<Throwable?>()
        val reading: suspend CoroutineScope.(Connection) -> Unit = { connection ->
            failure.complete(runCatching { connection.readLine() }.exceptionOrNull())
        }
        serving(reading) { server ->
            Peer.python(server.port, "s=connect(); print(s.getsockname()[1]); sys.stdin.readline()").use { client ->
                val port = client.line()
                val (killed, status) = Program.start("ss", "-K", "-H", "src", "127.0.0.1:${server.port}", "dst", "127.0.0.1:$port").use {
                    it.finish()
                }
                if (status != 0 || "127.0.0.1" !in killed) throw TestAbortedException("this kernel cannot kill sockets: $killed")
                failure.await().shouldBeInstanceOf<IOException>()
                server.connectionCount.first { it == 0 }
            }
        }
    }
})
