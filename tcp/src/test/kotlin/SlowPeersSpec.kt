package io.hawser.tcp

import io.hawser.CloseReason
import io.hawser.Connection
import io.hawser.IdleTimeout
import io.hawser.ServerOptions
import io.hawser.event.ConnectionEvent
import io.hawser.testkit.FaultProxy
import io.hawser.testkit.LeakCheck
import io.kotest.assertions.nondeterministic.eventually
import io.kotest.core.extensions.SpecExtension
import io.kotest.core.spec.Spec
import io.kotest.core.spec.style.StringSpec
import io.kotest.engine.concurrency.TestExecutionMode
import io.kotest.matchers.collections.shouldHaveSize
import io.kotest.matchers.comparables.shouldBeGreaterThanOrEqualTo
import io.kotest.matchers.comparables.shouldBeLessThan
import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeInstanceOf
import java.net.InetSocketAddress
import java.nio.ByteBuffer
import java.util.concurrent.ConcurrentLinkedQueue
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds
import kotlin.time.TimeSource
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.delay
import kotlinx.coroutines.flow.first

/** Peers that are slow or silent, and the timeouts of a server, all of which pass at the same time: leaks are looked for at the end. */
class SlowPeersSpec : StringSpec({
    extension(LeakCheckOfAll)
    testExecutionMode = TestExecutionMode.Concurrent

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
            val failure = runCatching {
                while (true) if ((connection.readLine() ?: break) == "the last") connection.writeLine("heard")
            }.exceptionOrNull()
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
                        // However long it takes until it is heard: from then on the server counts.
                        val silence = TimeSource.Monotonic.markNow()
                        client.writeLine("the last")
                        client.readLine() shouldBe "heard"
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
})

/** [LeakCheck] of a whole spec, whose tests run side by side. */
private object LeakCheckOfAll : SpecExtension {
    override suspend fun intercept(spec: Spec, execute: suspend (Spec) -> Unit) {
        LeakCheck.around { execute(spec) }
        LeakCheck.afterSpec(spec)
    }
}
