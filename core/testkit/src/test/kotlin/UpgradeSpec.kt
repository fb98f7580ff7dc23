@file:OptIn(TransportApi::class, ExperimentalCoroutinesApi::class)

package io.hawser.testkit

import io.hawser.ClientOptions
import io.hawser.CloseReason
import io.hawser.Connection
import io.hawser.ConnectionClosed
import io.hawser.ConnectionReset
import io.hawser.HandshakeTimeout
import io.hawser.engine.EventLoopGroup
import io.hawser.transport.TransportApi
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.core.test.config.DefaultTestConfig
import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeInstanceOf
import java.nio.ByteBuffer
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.CoroutineStart.UNDISPATCHED
import kotlinx.coroutines.ExperimentalCoroutinesApi
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.delay
import kotlinx.coroutines.launch

/** Putting a layer over a live connection that belongs to nobody. */
class UpgradeSpec : StringSpec({
    extension(LeakCheck)
    defaultTestConfig = DefaultTestConfig(timeout = 30.seconds)

    overMemory("everything after an upgrade goes through the layer, and everything before it did not") { near, far ->
        near.writeLine("upgrade?")
        far.readLine() shouldBe "upgrade?"
        val secretFar = async {
            far.writeLine("go on")
            far.upgrade(shakingHands(asClient = false))
        }
        near.readLine() shouldBe "go on"
        val secretNear = near.upgrade(shakingHands(asClient = true))
        secretNear.writeLine("secret")
        secretFar.await().readLine() shouldBe "secret"
        launch { secretFar.await().write(ByteBuffer.allocate(100_000)) }
        secretNear.readExactly(100_000).count { it.toInt() == 0 } shouldBe 100_000
        secretNear.id shouldBe near.id
        near.bytesWritten shouldBe 9L + 7
        near.bytesRead shouldBe 6L + 100_000
        secretNear.bytesRead shouldBe 100_000
    }

    overMemory("an upgraded connection refuses to be read from and written to, and says which one to use") { near, far ->
        val upgraded = CompletableDeferred<Unit>()
        val upgrading = async(start = UNDISPATCHED) { near.upgrade { inner -> InvertingStream(inner).also { upgraded.await() } } }
        val calls = listOf<suspend () -> Any?>(
            { near.read(ByteBuffer.allocate(1)) },
            { near.readLine() },
            { near.readExactly(1) },
            { near.awaitReadable() },
            { near.incoming().collect { } },
            { near.write(bytes("x")) },
            { near.write(arrayOf(bytes("x"), bytes("y"))) },
            { near.shutdownOutput() },
            { near.upgrade { it } },
        )
        for (call in calls) shouldThrow<IllegalStateException> { call() }.message shouldBe "$near is being upgraded"
        upgraded.complete(Unit)
        val successor = upgrading.await()
        for (call in calls) {
            shouldThrow<IllegalStateException> { call() }.message shouldBe
                "$near has been upgraded: use the one that the upgrade returned"
        }
        near.isOpen shouldBe true
        successor.close()
        near.isOpen shouldBe false
        shouldThrow<ConnectionClosed> { near.readLine() }
        far.readLine() shouldBe null
    }

    overMemory("what its owner does with an upgraded connection goes to the successor") { near, far ->
        val outermost = InvertingStream(near.transport)
        val successor = near.upgrade { outermost }
        near.attributes shouldBe successor.attributes
        val end = async(start = UNDISPATCHED) { near.awaitClosed() }
        val line = async(start = UNDISPATCHED) { runCatching { successor.readLine() }.exceptionOrNull() }
        near.close()
        outermost.ends shouldBe listOf("close")
        successor.isOpen shouldBe false
        successor.closeReason shouldBe CloseReason.Local
        near.closeReason shouldBe CloseReason.Local
        line.await().shouldBeInstanceOf<ConnectionClosed>()
        end.await()
        far.readLine() shouldBe null
    }

    overMemory("aborting an upgraded connection aborts the successor") { near, far ->
        val outermost = InvertingStream(near.transport)
        near.upgrade { outermost }
        near.abort()
        outermost.ends shouldBe listOf("abort")
        shouldThrow<ConnectionReset> { far.readLine() }
    }

    overMemory("the end of the peer is the reason of both") { near, far ->
        val successor = near.upgrade(inverted)
        far.shutdownOutput()
        successor.readLine() shouldBe null
        successor.close()
        near.closeReason shouldBe CloseReason.Peer
    }

    overMemory("a successor can be upgraded again") { near, far ->
        val twice = near.upgrade(inverted).upgrade(inverted)
        twice.writeLine("plain again")
        far.readLine() shouldBe "plain again"
        near.bytesWritten shouldBe 12
        near.close()
        twice.isOpen shouldBe false
        far.readLine() shouldBe null
    }

    overMemory("an upgrade while somebody reads or writes changes nothing") { near, far ->
        val reading = async(start = UNDISPATCHED) { near.readLine() }
        shouldThrow<IllegalStateException> { near.upgrade(inverted) }
        far.writeLine("hello")
        reading.await() shouldBe "hello"
        val writing = launch(start = UNDISPATCHED) { near.write(ByteBuffer.allocate(100_000)) }
        shouldThrow<IllegalStateException> { near.upgrade(inverted) }.message shouldBe "a write to ${near.endpoint} is going on"
        val again = async(start = UNDISPATCHED) { near.readLine() }
        shouldThrow<IllegalStateException> { near.readLine() }.message shouldBe
            "two coroutines read from ${near.endpoint} at the same time"
        far.readExactly(100_000)
        writing.join()
        far.writeLine("still here")
        again.await() shouldBe "still here"
        near.shutdownOutput()
        shouldThrow<IllegalStateException> { near.upgrade(inverted) }.message shouldBe
            "the output to ${near.endpoint} has been shut down"
        far.writeLine("and here")
        near.readLine() shouldBe "and here"
    }

    overMemory("a handshake over a transport with faults loses nothing") { _, _ ->
        coroutineScope {
            val loop = EventLoopGroup.shared.next()
            val (one, other) = Memory.streams(loop)
            val sliced = FaultLayer(input = Faults { sliceTo = 1 }, output = Faults { sliceTo = 1 })
            val near = Connection(sliced.wrap(one))
            val far = Connection(other)
            val secretNear = async { near.upgrade(shakingHands(asClient = true)) }
            val secretFar = far.upgrade(shakingHands(asClient = false)).also { it.writeLine("right behind it") }
            secretNear.await().readLine() shouldBe "right behind it"
            val faulty = async { runCatching { secretNear.await().upgrade(FaultLayer(input = Faults { cutAfter = 2 })).readLine() } }
            secretFar.writeLine("abc")
            faulty.await().exceptionOrNull().shouldBeInstanceOf<ConnectionReset>()
            near.close()
            far.close()
        }
    }

    "the handshake has its timeout, and the plain connection's own stop" {
        val loop = ManualLoop()
        val scope = CoroutineScope(loop.dispatcher)
        val serving = scope.async { Memory.server(loop, name = "upgrading").start(scope) { awaitCancellation() } }
        loop.runUntilIdle()
        val options = ClientOptions {
            handshakeTimeout = 7.seconds
            idleTimeout = 5.seconds
        }
        for (takes in listOf(6.seconds, 8.seconds)) {
            val connecting = scope.async { Memory.client("upgrading", loop, options).connect() }
            loop.runUntilIdle()
            val connection = connecting.getCompleted()
            val upgrading = scope.async {
                runCatching {
                    connection.upgrade { inner ->
                        delay(takes)
                        InvertingStream(inner)
                    }
                }
            }
            loop.advanceBy(9.seconds)
            if (takes < 7.seconds) {
                val successor = upgrading.getCompleted().getOrThrow()
                successor.isOpen shouldBe true
                loop.advanceBy(2.seconds)
                connection.closeReason.shouldBeInstanceOf<CloseReason.Timeout>()
                successor.isOpen shouldBe false
            } else {
                val failure = upgrading.getCompleted().exceptionOrNull().shouldBeInstanceOf<HandshakeTimeout>()
                connection.closeReason shouldBe CloseReason.Timeout(failure)
            }
        }
        serving.getCompleted().close()
        loop.advanceBy(1.seconds)
    }
})
