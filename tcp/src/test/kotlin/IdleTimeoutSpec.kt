package io.hawser.tcp

import io.hawser.CloseReason
import io.hawser.Connection
import io.hawser.IdleTimeout
import io.hawser.ServerOptions
import io.hawser.engine.EventLoopGroup
import io.hawser.engine.EventLoopOptions
import io.hawser.testkit.LeakCheck
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldBeIn
import io.kotest.matchers.comparables.shouldBeGreaterThan
import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeInstanceOf
import java.net.InetSocketAddress
import java.util.concurrent.ConcurrentHashMap
import java.util.concurrent.CountDownLatch
import java.util.concurrent.atomic.AtomicInteger
import kotlin.random.Random
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.delay
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.launch

/** Who comes at the last moment, and who has slept through it: what an idle timeout makes of them. */
class IdleTimeoutSpec : StringSpec({
    extension(LeakCheck)

    "bytes that come while a handler holds up their loop keep their connection from being idle" {
        EventLoopGroup(EventLoopOptions { loops = 1 }).use { group ->
            val blocks = CompletableDeferred<Unit>()
            val written = CountDownLatch(1)
            val blocking: suspend CoroutineScope.(Connection) -> Unit = { connection ->
                connection.readLine()
                blocks.complete(Unit)
                // What nobody is to do on a loop.
                written.await()
                Thread.sleep(2_500)
            }
            val options = ServerOptions {
                this.group = group
                idleTimeout = 2.seconds
            }
            serving(blocking, ServerOptions { this.group = group }) { patient ->
                serving(options = options) { server ->
                    try {
                        Tcp.client("127.0.0.1", patient.port).connect { other ->
                            Tcp.client("127.0.0.1", server.port).connect { one ->
                                one.writeLine("begun")
                                one.readLine() shouldBe "begun"
                                other.writeLine("block")
                                blocks.await()
                                one.writeLine("here")
                                written.countDown()
                                one.readLine() shouldBe "here"
                            }
                        }
                    } finally {
                        written.countDown()
                    }
                }
            }
        }
    }

    "bytes that come when the time is nearly up are either answered or never taken for delivered" {
        val chance = Random(37)
        val limit = 60.milliseconds
        val read = ConcurrentHashMap<Int, Long>()
        val reasons = ConcurrentHashMap<Int, CloseReason>()
        val counting: suspend CoroutineScope.(Connection) -> Unit = { connection ->
            val port = (connection.remote as InetSocketAddress).port
            try {
                while (true) {
                    val line = connection.readLine() ?: break
                    read.merge(port, 1, Long::plus)
                    connection.writeLine(line)
                }
            } finally {
                reasons[port] = connection.closeReason ?: CloseReason.Peer
            }
        }
        val answered = AtomicInteger()
        val timedOut = AtomicInteger()
        serving(counting, ServerOptions { idleTimeout = limit }) { server ->
            val delays = List(300) { List(5) { chance.nextInt(20, 66).milliseconds } }
            delays.chunked(50).forEach { some ->
                coroutineScope {
                    some.forEach { pauses ->
                        launch(Dispatchers.Default) {
                            Tcp.client("127.0.0.1", server.port).connect().use { connection ->
                                val port = (connection.local as InetSocketAddress).port
                                for ((i, pause) in pauses.withIndex()) {
                                    delay(pause)
                                    val answer = runCatching {
                                        connection.writeLine("$i")
                                        connection.readLine()
                                    }.getOrNull()
                                    if (answer == null) {
                                        timedOut.incrementAndGet()
                                        return@launch
                                    }
                                    answer shouldBe "$i"
                                    answered.incrementAndGet()
                                    read.getValue(port) shouldBe i + 1
                                }
                                connection.shutdownOutput()
                                connection.readLine() shouldBe null
                            }
                        }
                    }
                }
            }
            server.connectionCount.first { it == 0 }
            // Who was not told of a timeout got an answer to all of it.
            reasons.forEach { (port, reason) ->
                if (reason is CloseReason.Timeout) reason.cause.shouldBeInstanceOf<IdleTimeout>() else read[port] shouldBe 5
            }
            // Both have happened, or nothing was tested.
            answered.get() shouldBeGreaterThan 100
            timedOut.get() shouldBeGreaterThan 0
        }
    }

    "a server that was stopped for longer than its timeouts goes on" {
        val output = withChild(IdleChildEcho) { server, port ->
            val program = """
                import threading
                def echo(s): s.sendall(b'x'); return s.recv(1)==b'x'
                outcomes=[]
                def live():
                    s=connect(); s.settimeout(60)
                    try:
                        while not ended:
                            if not echo(s): outcomes.append('end'); return
                            time.sleep(0.05)
                        outcomes.append('alive')
                    except OSError as e: outcomes.append(type(e).__name__)
                ended=False
                all=[threading.Thread(target=live) for i in range(10)]
                for t in all: t.start()
                time.sleep(0.5)
                print('active')
                sys.stdin.readline()
                new=connect(); new.settimeout(60); assert echo(new)
                time.sleep(0.5)
                ended=True
                for t in all: t.join()
                print(','.join(sorted(set(outcomes))),len(outcomes))
            """
            Peer.python(port, program).use { clients ->
                clients.line() shouldBe "active"
                server.signal("STOP")
                delay(3.seconds)
                server.signal("CONT")
                clients.say("\n")
                val (outcomes, count) = checkNotNull(clients.line()).split(' ')
                count shouldBe "10"
                // That their bytes were on the way nobody can know who has slept; a reset is what they were answered with.
                outcomes.split(',').forEach { it shouldBeIn listOf("alive", "end", "ConnectionResetError", "BrokenPipeError") }
                clients.finish() shouldBe ("" to 0)
            }
        }
        output.toSet() - "failed IdleTimeout" shouldBe emptySet()
    }
})
