@file:OptIn(TransportApi::class)

package io.hawser.testkit

import io.hawser.CloseReason
import io.hawser.Connection
import io.hawser.ConnectionClosed
import io.hawser.ConnectionReset
import io.hawser.MalformedFrame
import io.hawser.UnexpectedEnd
import io.hawser.UnreadInput
import io.hawser.transport.Layer
import io.hawser.transport.TransportApi
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.core.test.config.DefaultTestConfig
import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeInstanceOf
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.CoroutineStart.UNDISPATCHED
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.joinAll
import kotlinx.coroutines.launch
import kotlinx.coroutines.yield

/** How an upgrade fails, and what is left of its connection then: nothing. */
class UpgradeFailuresSpec : StringSpec({
    extension(LeakCheck)
    defaultTestConfig = DefaultTestConfig(timeout = 30.seconds)

    overMemory("what the peer sent ahead of the upgrade is refused, and not taken for what comes after it") { near, far ->
        far.write(bytes("STARTTLS\nDELETE everything\n"))
        near.readLine() shouldBe "STARTTLS"
        val failure = shouldThrow<UnreadInput> { near.upgrade { error("never") } }
        failure.size shouldBe 18
        near.closeReason shouldBe CloseReason.Failure(failure)
        shouldThrow<ConnectionClosed> { near.readLine() }
        shouldThrow<ConnectionClosed> { near.write(bytes("x")) }
        shouldThrow<ConnectionClosed> { near.upgrade(inverted) }
        far.readLine() shouldBe null
    }

    overMemory("a peer that has ended its stream is not shaken hands with") { near, far ->
        far.shutdownOutput()
        near.readLine() shouldBe null
        shouldThrow<UnexpectedEnd> { near.upgrade { error("never") } }.message shouldBe
            "${near.endpoint} ended the stream after 0 bytes of a handshake"
        near.isOpen shouldBe false
    }

    overMemory("a layer that fails ends the connection with its failure, and the peer gets what the layer told it") { near, far ->
        val failure = shouldThrow<MalformedFrame> {
            near.upgrade { inner ->
                inner.write(bytes("unknown authority\n"))
                throw MalformedFrame(inner.endpoint, "unknown authority")
            }
        }
        near.closeReason shouldBe CloseReason.Failure(failure)
        shouldThrow<ConnectionClosed> { near.readLine() }.cause shouldBe failure
        shouldThrow<ConnectionClosed> { near.write(bytes("x")) }
        far.readLine() shouldBe "unknown authority"
        far.readLine() shouldBe null
    }

    overMemory("a layer that closes the stream itself is believed") { near, _ ->
        val failure = shouldThrow<MalformedFrame> {
            near.upgrade { inner ->
                inner.close()
                yield()
                throw MalformedFrame(inner.endpoint, "no thanks")
            }
        }
        near.closeReason shouldBe CloseReason.Failure(failure)
    }

    overMemory("cancelling an upgrade aborts the connection") { near, far ->
        val upgrading = launch(start = UNDISPATCHED) { near.upgrade { awaitCancellation() } }
        upgrading.cancelAndJoin()
        near.closeReason shouldBe CloseReason.Local
        shouldThrow<ConnectionReset> { far.readLine() }
    }

    overMemory("a close or an abort during the handshake ends it at once, wherever the layer is") { _, _ ->
        val ends = listOf<(Connection) -> Unit>(Connection::close, Connection::abort)
        val layers = listOf(Layer { awaitCancellation() }, Layer { inner -> inner.also { it.awaitReadable() } })
        for (end in ends) {
            for (layer in layers) {
                val (near, far) = Memory.pair()
                val failure = async(start = UNDISPATCHED) { runCatching { near.upgrade(layer) }.exceptionOrNull() }
                end(near)
                failure.await().shouldBeInstanceOf<ConnectionClosed>().reason shouldBe CloseReason.Local
                near.awaitClosed()
                runCatching { far.readLine() }.getOrNull() shouldBe null
                far.close()
            }
        }
    }

    "whoever closes while an upgrade ends leaves nothing open" {
        coroutineScope {
            repeat(2_000) { round ->
                val (near, far) = Memory.pair()
                val outermost = CompletableDeferred<InvertingStream>()
                val upgrading = async(Dispatchers.Default) {
                    runCatching { near.upgrade { inner -> InvertingStream(inner).also(outermost::complete) } }
                }
                val closing = launch(Dispatchers.Default) { if (round % 2 == 0) near.close() else near.abort() }
                joinAll(upgrading, closing)
                val successor = upgrading.await().getOrNull()
                near.isOpen shouldBe false
                successor?.isOpen shouldBe successor?.let { false }
                if (successor != null) outermost.await().ends.isEmpty() shouldBe false
                near.awaitClosed()
                far.close()
            }
        }
    }
})
