@file:OptIn(TransportApi::class)

package io.hawser.tcp

import io.hawser.Connection
import io.hawser.Endpoint
import io.hawser.ServerOptions
import io.hawser.SocketOptions
import io.hawser.StreamServer
import io.hawser.copyTo
import io.hawser.engine.EventLoopGroup
import io.hawser.engine.EventLoopOptions
import io.hawser.engine.StreamIdentity
import io.hawser.engine.listen
import io.hawser.testkit.LeakCheck
import io.hawser.transport.TransportApi
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldContainAll
import io.kotest.matchers.comparables.shouldBeLessThan
import io.kotest.matchers.shouldBe
import java.net.InetSocketAddress
import java.nio.ByteBuffer
import java.util.concurrent.ConcurrentHashMap
import java.util.concurrent.atomic.AtomicLong
import java.util.concurrent.locks.LockSupport
import kotlin.random.Random
import kotlin.time.Duration
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.nanoseconds
import kotlin.time.measureTime
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.delay
import kotlinx.coroutines.ensureActive
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.launch
import kotlinx.coroutines.withContext
import kotlinx.coroutines.withTimeout
import kotlinx.coroutines.yield

/** Many connections at once: cancelled anywhere, idle for long, beside each other. */
class CancellationSpec : StringSpec({
    extension(LeakCheck)

    "a connection that is cancelled anywhere leaves nothing, ten thousand times" {
        val reached = ConcurrentHashMap<String, Int>()
        serving { server ->
            coroutineScope {
                repeat(8) { worker ->
                    val random = Random(worker)
                    launch(if (worker % 2 == 0) Dispatchers.Default else EventLoopGroup.shared.next()) {
                        repeat(1_250) {
                            var stage = "connecting"
                            val life = launch {
                                Tcp.client("127.0.0.1", server.port).connect { connection ->
                                    stage = "writing"
                                    launch {
                                        connection.write(ByteBuffer.allocate(random.nextInt(1, 300_000)))
                                        stage = "reading"
                                        connection.shutdownOutput()
                                    }
                                    connection.incoming().collect { }
                                    stage = "draining"
                                }
                            }
                            if (random.nextInt(20) == 0) delay(random.nextInt(21).milliseconds) else repeat(random.nextInt(60)) { yield() }
                            reached.merge(stage, 1, Int::plus)
                            life.cancelAndJoin()
                        }
                    }
                }
            }
            server.connectionCount.first { it == 0 }
        }
        reached.keys shouldContainAll listOf("connecting", "writing", "reading")
    }

    "servers that are cancelled anywhere leave nothing, five hundred times" {
        val random = Random(23)
        repeat(500) {
            coroutineScope {
                val life = launch(Dispatchers.Default) {
                    Tcp.server("127.0.0.1", port = 0).serve(onStart = { server ->
                        repeat(3) {
                            launch {
                                runCatching { Tcp.client("127.0.0.1", server.port).connect { it.write(ByteBuffer.allocate(1_000_000)) } }
                            }
                        }
                    }) { it.copyTo(it) }
                }
                if (random.nextInt(10) == 0) delay(random.nextInt(5).milliseconds) else repeat(random.nextInt(200)) { yield() }
                life.cancelAndJoin()
            }
        }
    }

    "nobody stalls while connections next door are cancelled" {
        serving { server ->
            val slowest = AtomicLong()
            val oversleep = AtomicLong()
            coroutineScope {
                val nextDoor = launch(Dispatchers.Default) {
                    while (true) {
                        val life = launch {
                            Tcp.client("127.0.0.1", server.port).connect { connection ->
                                connection.write(ByteBuffer.allocate(100_000))
                                connection.incoming().collect { }
                            }
                        }
                        delay(1.milliseconds)
                        life.cancelAndJoin()
                    }
                }
                // How late this machine wakes anybody while it is under this load. One of its cores may stand still alone.
                val control = launch(Dispatchers.IO) {
                    repeat(2 * Runtime.getRuntime().availableProcessors()) {
                        launch {
                            while (true) {
                                ensureActive()
                                val late = measureTime { LockSupport.parkNanos(1_000_000) }
                                oversleep.accumulateAndGet(late.inWholeNanoseconds, ::maxOf)
                            }
                        }
                    }
                }
                val load = launch {
                    repeat(500) {
                        val loop = EventLoopGroup.shared.next()
                        launch(loop) {
                            val own = pingPong(server.port, rounds = 2_000)
                            slowest.accumulateAndGet(own.inWholeNanoseconds, ::maxOf)
                        }
                    }
                }
                load.join()
                nextDoor.cancel()
                control.cancel()
            }
            // A lost wake-up would never end, or end with the next timer of its loop, half a second later. There and back a line has the turns
            // of two loops to wait for, either of which may be late more than once.
            slowest.get().nanoseconds shouldBeLessThan 400.milliseconds + oversleep.get().nanoseconds * 8
        }
    }

    "five thousand idle connections are opened, rest, are all used and closed" {
        serving { server ->
            val client = Tcp.client("127.0.0.1", server.port)
            val idle = List(5_000) { client.connect() }
            server.connectionCount.first { it == 5_000 }
            LeakCheck.ensureRest()
            idle.forEachIndexed { i, connection -> connection.writeLine("$i") }
            idle.forEachIndexed { i, connection -> connection.readLine() shouldBe "$i" }
            idle.forEach(Connection::close)
            server.connectionCount.first { it == 0 }
        }
    }

    "256 MiB pass through the smallest buffers unharmed" {
        val group = EventLoopGroup.shared
        val server = StreamServer(Endpoint.Inet("tcp", "127.0.0.1", 0), ServerOptions(), {
            group.listen(InetSocketAddress("127.0.0.1", 0), StreamIdentity("tcp"), backlog = 10, SocketOptions { sendBuffer = 4096 })
        })
        withTimeout(HANG) {
            coroutineScope {
                server.start(this) { it.copyTo(it) }.use { running ->
                    val program = """
                        import os,threading,zlib
                        s=socket.socket(); s.setsockopt(socket.SOL_SOCKET,socket.SO_SNDBUF,4096); s.connect(('127.0.0.1',port))
                        block=os.urandom(1<<20); sent=0; got=0; n=0
                        def send():
                            global sent
                            for i in range(256): s.sendall(block); sent=zlib.crc32(block,sent)
                            s.shutdown(socket.SHUT_WR)
                        t=threading.Thread(target=send); t.start()
                        while True:
                            b=s.recv(1<<16)
                            if not b: break
                            got=zlib.crc32(b,got); n+=len(b)
                        t.join()
                        print(n, got==sent)
                    """
                    Peer.python(running.port, program).use { it.finish() shouldBe ("${256 shl 20} True\n" to 0) }
                }
            }
        }
    }

    "a coroutine that never has to wait lets its loop's others run" {
        val group = EventLoopGroup(
            EventLoopOptions {
                loops = 1
                name = "fair"
            },
        )
        group.use {
            serving({ connection ->
                // An endless stream, faster than anyone reads it.
                val block = ByteBuffer.allocateDirect(16)
                while (true) connection.write(block.clear())
            }, ServerOptions { this.group = group }) { flood ->
                serving(options = ServerOptions { this.group = group }) { server ->
                    withContext(Dispatchers.Default) {
                        Tcp.client("127.0.0.1", flood.port).connect { source ->
                            val draining = launch {
                                val buffer = ByteBuffer.allocateDirect(1 shl 20)
                                while (true) source.read(buffer.clear())
                            }
                            Tcp.client("127.0.0.1", server.port).connect { connection ->
                                repeat(500) {
                                    connection.writeLine("$it")
                                    connection.readLine() shouldBe "$it"
                                }
                            }
                            draining.cancel()
                        }
                    }
                }
            }
        }
    }
})

private suspend fun pingPong(port: Int, rounds: Int): Duration = Tcp.client("127.0.0.1", port).connect { connection ->
    val message = ByteBuffer.allocateDirect(64)
    var slowest = Duration.ZERO
    repeat(rounds) {
        val took = measureTime {
            connection.write(message.clear())
            message.clear()
            while (message.hasRemaining()) check(connection.read(message) > 0)
        }
        slowest = maxOf(slowest, took)
    }
    slowest
}
