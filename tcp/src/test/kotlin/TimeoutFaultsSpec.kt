package io.hawser.tcp

import io.hawser.CloseReason
import io.hawser.Connection
import io.hawser.IdleTimeout
import io.hawser.ServerOptions
import io.hawser.WriteTimeout
import io.hawser.event.ConnectionEvent
import io.hawser.testkit.FaultProxy
import io.hawser.testkit.LeakCheck
import io.hawser.testkit.Program
import io.kotest.assertions.nondeterministic.eventually
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldHaveSize
import io.kotest.matchers.comparables.shouldBeGreaterThanOrEqualTo
import io.kotest.matchers.comparables.shouldBeLessThan
import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeInstanceOf
import java.io.IOException
import java.net.InetSocketAddress
import java.nio.ByteBuffer
import java.util.concurrent.ConcurrentLinkedQueue
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds
import kotlin.time.TimeSource
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.delay
import kotlinx.coroutines.flow.first
import org.opentest4j.TestAbortedException

private val large = ByteBuffer.allocateDirect(32 * 1024 * 1024)

/** Peers that stop, vanish or come at the last moment, and what the timeouts of a server make of them. */
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

    "a peer that takes a little now and then is in time" {
        val written = CompletableDeferred<Throwable?>()
        val writing: suspend CoroutineScope.(Connection) -> Unit = { connection ->
            written.complete(runCatching { connection.write(ByteBuffer.allocate(20_000_000)) }.exceptionOrNull())
        }
        serving(writing, ServerOptions { writeTimeout = 5.seconds }) { server ->
            // Slower than the timeout in all, and never for so long at a time.
            val program = """
                s=socket.socket(); s.setsockopt(socket.SOL_SOCKET,socket.SO_RCVBUF,100000); s.connect(('127.0.0.1',port))
                n=0
                while True:
                    b=s.recv(300000,socket.MSG_WAITALL)
                    if not b: break
                    n+=len(b); time.sleep(0.15)
                print(n)
            """
            Peer.python(server.port, program).use { it.finish() shouldBe ("20000000\n" to 0) }
            written.await() shouldBe null
        }
    }

    "a peer that vanishes without a word is closed when it has been idle for long enough" {
        val told = CompletableDeferred<Throwable?>()
        val reading: suspend CoroutineScope.(Connection) -> Unit = { connection ->
            connection.writeLine("hello")
            val failure = runCatching { while (connection.readLine() != null) Unit }.exceptionOrNull()
            told.complete(failure)
            throw checkNotNull(failure)
        }
        serving(reading, ServerOptions { idleTimeout = 4.seconds }) { server ->
            coroutineScope {
                FaultProxy.to(Tcp.client("127.0.0.1", server.port)).start(this).use { proxy ->
                    Tcp.client("127.0.0.1", proxy.port).connect().use { client ->
                        client.readLine() shouldBe "hello"
                        repeat(20) {
                            client.writeLine("x")
                            delay(250.milliseconds)
                        }
                        server.connectionCount.value shouldBe 1
                        val silence = TimeSource.Monotonic.markNow()
                        proxy.silent = true
                        client.writeLine("is not heard")
                        told.await().shouldBeInstanceOf<IdleTimeout>().timeout shouldBe java.time.Duration.ofSeconds(4)
                        server.connectionCount.first { it == 0 }
                        silence.elapsedNow() shouldBeGreaterThanOrEqualTo 3.5.seconds
                        silence.elapsedNow() shouldBeLessThan 20.seconds
                    }
                }
            }
        }
    }

    "stopped processes are closed when they have been idle for long enough, and those that move are not" {
        val closed = ConcurrentLinkedQueue<Int>()
        val options = ServerOptions {
            idleTimeout = 6.seconds
            onEvent {
                if (it is ConnectionEvent.Closed && it.reason is CloseReason.Timeout) closed += (it.remote as InetSocketAddress).port
            }
        }
        serving(options = options) { server ->
            val program = """
                all=[connect() for i in range(20)]
                print('connected')
                while True:
                    for s in all: s.sendall(b'x'); s.recv(1)
                    time.sleep(0.05)
            """
            Peer.python(server.port, program).use { stopped ->
                Peer.python(server.port, program).use { moving ->
                    stopped.line() shouldBe "connected"
                    moving.line() shouldBe "connected"
                    server.connectionCount.first { it == 40 }
                    stopped.signal("STOP")
                    server.connectionCount.first { it <= 20 }
                    eventually(20.seconds) { closed shouldHaveSize 20 }
                    server.connectionCount.value shouldBe 20
                }
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
