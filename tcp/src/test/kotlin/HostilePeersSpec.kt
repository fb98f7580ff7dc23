package io.hawser.tcp

import io.hawser.Connection
import io.hawser.ConnectionClosed
import io.hawser.ConnectionLost
import io.hawser.ConnectionReset
import io.hawser.ServerOptions
import io.hawser.event.ConnectionEvent
import io.hawser.event.ServerState
import io.hawser.testkit.LeakCheck
import io.hawser.testkit.Program
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldHaveSize
import io.kotest.matchers.ints.shouldBeLessThanOrEqual
import io.kotest.matchers.longs.shouldBeLessThan
import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeInstanceOf
import java.net.InetAddress
import java.net.ServerSocket
import java.nio.ByteBuffer
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.CoroutineStart.UNDISPATCHED
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitAll
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.yield

/** Peers in other processes that reset, dribble, stop, half-close and vanish. */
class HostilePeersSpec : StringSpec({
    extension(LeakCheck)
    val large = ByteBuffer.allocateDirect(32 shl 20)

    "ten thousand connections that are reset at once cost nothing" {
        serving { server ->
            val program = """
                for i in range(10000): reset(connect())
                s=connect(); s.sendall(b'alive'); print(s.recv(100).decode())
            """
            Peer.python(server.port, program).use { it.finish() shouldBe ("alive\n" to 0) }
            server.connectionCount.first { it == 0 }
            server.state.value.shouldBeInstanceOf<ServerState.Listening>()
        }
    }

    "a reset while we read is a reset, not an end" {
        val failure = CompletableDeferred<Throwable?>()
        serving({ connection -> failure.complete(runCatching { connection.read(ByteBuffer.allocate(1)) }.exceptionOrNull()) }) { server ->
            Peer.python(server.port, "s=connect(); s.recv(0); time.sleep(0.05); reset(s)").use { it.finish().second shouldBe 0 }
            failure.await().shouldBeInstanceOf<ConnectionReset>()
        }
    }

    "bytes that came before a reset may be lost, but the reset is told" {
        val failure = CompletableDeferred<Throwable?>()
        serving({ connection ->
            failure.complete(runCatching { while (connection.read(ByteBuffer.allocate(10)) >= 0) Unit }.exceptionOrNull())
        }) { server ->
            Peer.python(server.port, "s=connect(); s.sendall(b'abc'); time.sleep(0.05); reset(s)").use { it.finish().second shouldBe 0 }
            failure.await().shouldBeInstanceOf<ConnectionReset>()
        }
    }

    "a peer that ends its direction still gets its answer" {
        serving { server ->
            val program = """
                s=connect(); s.sendall(b'x'*1000000); s.shutdown(socket.SHUT_WR)
                n=0
                while True:
                    b=s.recv(65536)
                    if not b: break
                    n+=len(b)
                print(n)
            """
            Peer.python(server.port, program).use { it.finish() shouldBe ("1000000\n" to 0) }
            Program.start("socat", "-t5", "-", "TCP:127.0.0.1:${server.port}").use {
                it.say("through socat\n")
                it.line() shouldBe "through socat"
            }
            server.connectionCount.first { it == 0 }
        }
    }

    "a peer sees our end and may go on sending" {
        val heard = CompletableDeferred<String?>()
        serving({ connection ->
            connection.shutdownOutput()
            heard.complete(connection.readLine())
        }) { server ->
            Peer.python(server.port, "s=connect(); assert s.recv(10)==b''; s.sendall(b'still talking\\n'); s.recv(10)").use {
                heard.await() shouldBe "still talking"
                it.finish().second shouldBe 0
            }
        }
    }

    "writes to a peer that has closed fail as soon as its reset is there, and stay failed" {
        val failures = CompletableDeferred<List<Throwable?>>()
        serving({ connection ->
            check(connection.readLine() == null)
            // The answer to the first write is a reset, which takes its time to come.
            while (runCatching { connection.writeLine("x") }.isSuccess) yield()
            failures.complete(List(3) { runCatching { connection.writeLine("x") }.exceptionOrNull() })
        }) { server ->
            Peer.python(server.port, "connect().close()").use { it.finish() }
            failures.await().forEach { it.shouldBeInstanceOf<ConnectionReset>() }
        }
    }

    "peers that stop reading cost no CPU, no thread and no waiting close" {
        val stuck = Channel<Connection>(Channel.UNLIMITED)
        serving({ connection ->
            stuck.send(connection)
            connection.write(large.duplicate())
        }) { server ->
            val before = threads("")
            Peer.python(server.port, "all=[connect() for i in range(50)]\nprint('connected')\ntime.sleep(600)").use { peer ->
                peer.line() shouldBe "connected"
                peer.signal("STOP")
                val connections = List(50) { stuck.receive() }
                LeakCheck.ensureRest()
                (threads("") - before.toSet()).filter { it.startsWith("hawser") } shouldHaveSize 0
                val held = sockets()
                connections.take(25).forEach(Connection::close)
                connections.drop(25).forEach(Connection::abort)
                connections.map { async { it.awaitClosed() } }.awaitAll()
                server.connectionCount.first { it == 0 }
                // The peer is still stopped: nothing but we can have freed them.
                held - sockets() shouldBe 50
            }
        }
    }

    "an abort reaches the peer as a reset, a close as an end" {
        for ((end, expected) in listOf<Pair<(Connection) -> Unit, String>>(Connection::abort to "reset", Connection::close to "end")) {
            serving({ connection ->
                connection.readLine()
                end(connection)
            }) { server ->
                val program = """
                    s=connect(); s.sendall(b'go\n')
                    try: print('end' if s.recv(10)==b'' else 'data')
                    except ConnectionResetError: print('reset')
                """
                Peer.python(server.port, program).use { it.finish() shouldBe ("$expected\n" to 0) }
            }
        }
    }

    "readers of a byte at a time hold no more than their own connection" {
        val written = Channel<Connection>(Channel.UNLIMITED)
        serving({ connection ->
            written.send(connection)
            connection.write(large.duplicate())
        }) { server ->
            val program = """
                all=[]
                for i in range(20):
                    s=socket.socket(); s.setsockopt(socket.SOL_SOCKET,socket.SO_RCVBUF,4096); s.connect(('127.0.0.1',port)); all.append(s)
                for round in range(20):
                    for s in all: s.recv(1)
                print('read')
                time.sleep(600)
            """
            Peer.python(server.port, program).use { peer ->
                peer.line() shouldBe "read"
                LeakCheck.ensureRest()
                val slow = List(20) { written.receive() }
                // What the kernel took, and no more, is gone from the handlers' buffers.
                slow.forEach { it.bytesWritten shouldBeLessThan large.capacity().toLong() }
                threads("hawser-loop").size shouldBeLessThanOrEqual Runtime.getRuntime().availableProcessors()
            }
        }
    }

    "urgent data neither disturbs the stream nor comes in it" {
        serving { server ->
            val program = """
                s=connect(); s.sendall(b'ab'); s.send(b'!',socket.MSG_OOB); s.sendall(b'cd'); s.shutdown(socket.SHUT_WR)
                d=b''
                while True:
                    b=s.recv(100)
                    if not b: break
                    d+=b
                print(d.decode())
            """
            Peer.python(server.port, program).use { it.finish() shouldBe ("abcd\n" to 0) }
        }
    }

    "a connection whose client went before it was accepted ends by itself" {
        // The handlers' dispatcher is busy, so that addresses and bytes are asked for when the peer is long gone.
        val gate = CompletableDeferred<Unit>()
        serving({
            gate.await()
            it.readLine()
        }) { server ->
            Peer.python(server.port, "for i in range(200): reset(connect())").use { it.finish().second shouldBe 0 }
            gate.complete(Unit)
            server.connectionCount.first { it == 0 }
        }
    }

    "half-open, silent and reset connections in thousands leave the server at rest" {
        serving { server ->
            val program = """
                held=[]
                for i in range(3000):
                    s=connect()
                    if i%3==0: reset(s)
                    elif i%3==1: s.sendall(b'x'); s.shutdown(socket.SHUT_WR); held.append(s)
                    else: held.append(s)
                print('connected')
                sys.stdin.readline()
            """
            Peer.python(server.port, program).use { peer ->
                peer.line() shouldBe "connected"
                // A third is reset, a third has ended and been answered, a third stays.
                server.connectionCount.first { it == 1000 }
                LeakCheck.ensureRest()
            }
            server.connectionCount.first { it == 0 }
        }
    }

    "a failed handler of a peer that vanished is an event with its cause" {
        serving({ connection -> while (true) connection.writeLine("tick") }) { server ->
            val failed = async(start = UNDISPATCHED) { server.events.first { it is ConnectionEvent.Failed } as ConnectionEvent.Failed }
            Peer.python(server.port, "s=connect(); s.recv(1)\nprint('one')\ntime.sleep(600)").use { it.line() }
            failed.await().cause.shouldBeInstanceOf<ConnectionLost>()
        }
    }

    "a server on all addresses is reached through each" {
        val server = Tcp.server("*", port = 0, ServerOptions())
        kotlinx.coroutines.coroutineScope {
            server.start(this, echo).use { running ->
                running.endpoint.toString() shouldBe "tcp://*:${running.port}"
                val six = listOf("::1").filter { runCatching { ServerSocket(0, 1, InetAddress.getByName(it)).close() }.isSuccess }
                for (host in six + listOf("127.0.0.1", "localhost")) {
                    Tcp.client(host, running.port).connect { connection ->
                        connection.writeLine(host)
                        connection.readLine() shouldBe host
                    }
                }
            }
        }
    }

    "calls that wait when we close are told so, not left" {
        val connected = CompletableDeferred<Connection>()
        serving({ connection ->
            connected.complete(connection)
            connection.awaitClosed()
        }) { server ->
            Peer.python(server.port, "s=connect()\ntime.sleep(600)").use {
                val connection = connected.await()
                val reading = async(start = UNDISPATCHED) { runCatching { connection.readLine() } }
                connection.close()
                reading.await().exceptionOrNull().shouldBeInstanceOf<ConnectionClosed>()
                shouldThrow<ConnectionClosed> { connection.readLine() }
            }
        }
    }
})
