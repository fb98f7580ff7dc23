@file:OptIn(TransportApi::class)

package io.hawser.testkit

import io.hawser.ConnectionReset
import io.hawser.transport.RawStream
import io.hawser.transport.TransportApi
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.core.test.config.DefaultTestConfig
import io.kotest.matchers.shouldBe
import io.kotest.matchers.shouldNotBe
import java.nio.ByteBuffer
import kotlin.time.Duration
import kotlin.time.Duration.Companion.hours
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.async
import kotlinx.coroutines.delay
import kotlinx.coroutines.launch

class FaultLayerSwitchSpec : StringSpec({
    extension(LeakCheck)
    defaultTestConfig = DefaultTestConfig(timeout = 30.seconds)

    "faults are switched on and off while streams run, and count from then on" {
        val layer = FaultLayer()
        val (near, far) = layered(layer)
        near.write(bytes("before")) shouldBe 6
        far.take() shouldBe "before"
        layer.output = Faults { silentAfter = 2 }
        near.write(bytes("after")) shouldBe 2
        near.write(bytes("ter")) shouldBe 0
        layer.output = Faults { sliceTo = 1 }
        near.write(bytes("ter")) shouldBe 1
        layer.output = Faults.NONE
        near.write(bytes("er")) shouldBe 2
        far.take() shouldBe "after"

        far.write(bytes("abcdef"))
        layer.input = Faults { corruptAt = 1 }
        (near.take() == "abcdef") shouldBe false
        layer.input = Faults { endAfter = 1 }
        far.write(bytes("gh"))
        near.take() shouldBe "g"
        near.take() shouldBe null
        layer.input = Faults.NONE
        near.take() shouldBe "h"
        near.close()
        far.close()
    }

    "a silence that ends lets go who waits in it: a reader, a writer and an end" {
        val loop = ManualLoop()
        val layer = FaultLayer(input = SILENCE, output = SILENCE)
        val (near, far) = layered(layer, loop)
        val scope = CoroutineScope(loop.dispatcher)
        far.write(bytes("hello"))
        val reader = scope.async { near.takeOrWait() }
        val writer = scope.launch {
            val source = bytes("there")
            while (source.hasRemaining()) if (near.write(source) == 0) near.awaitWritable()
            near.shutdownOutput()
        }
        loop.advanceBy(1.hours)
        reader.isActive shouldBe true
        layer.input = Faults.NONE
        loop.runUntilIdle()
        reader.await() shouldBe "hello"
        layer.output = Faults { silentAfter = 5 }
        loop.advanceBy(1.hours)
        far.take() shouldBe "there"
        writer.isActive shouldBe true
        far.take() shouldBe ""
        layer.output = Faults.NONE
        loop.runUntilIdle()
        writer.isCompleted shouldBe true
        far.take() shouldBe null
        near.close()
        far.close()
    }

    "a cut reaches a stream that nobody uses, and later ones" {
        val layer = FaultLayer()
        for (cut in listOf<() -> Unit>(
            { layer.resetAll() },
            { layer.input = Faults { cutAfter = 0 } },
            { layer.output = Faults { cutAfter = 0 } },
        )) {
            layer.input = Faults.NONE
            layer.output = Faults.NONE
            val (near, far) = layered(layer)
            cut()
            shouldThrow<ConnectionReset> { far.take() }
            shouldThrow<ConnectionReset> { near.take() }
            near.close()
            far.close()
        }
        val (later, peer) = layered(layer)
        shouldThrow<ConnectionReset> { later.take() }
        later.close()
        peer.close()
    }

    "an end of the output reaches the peer of a stream that nobody uses" {
        val layer = FaultLayer()
        val (near, far) = layered(layer)
        layer.output = Faults { endAfter = 0 }
        far.take() shouldBe null
        shouldThrow<ConnectionReset> { near.write(bytes("late")) }
        near.close()
        far.close()
    }

    "a reader in the middle of a cut is told" {
        val loop = ManualLoop()
        val layer = FaultLayer()
        val (near, far) = layered(layer, loop)
        val reader = CoroutineScope(loop.dispatcher).async { runCatching { near.takeOrWait() } }
        loop.runUntilIdle()
        layer.resetAll()
        loop.runUntilIdle()
        (reader.await().exceptionOrNull() is ConnectionReset) shouldBe true
        near.close()
        far.close()
    }

    "latency that is switched off has what is late keep its time and its place" {
        val loop = ManualLoop()
        val layer = FaultLayer(input = Faults { latency = 1.seconds })
        val (near, far) = layered(layer, loop)
        val arrived = mutableListOf<Pair<String?, Duration>>()
        CoroutineScope(loop.dispatcher).launch {
            while (true) {
                val text = near.takeOrWait()
                arrived += text to loop.elapsed
                if (text == null) break
            }
        }
        loop.runUntilIdle()
        far.write(bytes("late"))
        loop.advanceBy(500.milliseconds)
        layer.input = Faults.NONE
        far.write(bytes("punctual"))
        loop.advanceBy(1.seconds)
        far.write(bytes("now"))
        far.shutdownOutput()
        loop.advanceBy(1.seconds)
        arrived.joinToString("") { it.first.orEmpty() } shouldBe "latepunctualnow"
        arrived.first() shouldBe ("late" to 1.seconds)
        arrived.last() shouldBe (null to 1500.milliseconds)
        near.close()
        far.close()
    }

    "jitter is the same for the same seed and keeps the order" {
        fun arrivals(chance: Long): List<Pair<String?, Duration>> {
            val loop = ManualLoop()
            val faults = Faults {
                jitter = 100.milliseconds
                seed = chance
            }
            val arrived = mutableListOf<Pair<String?, Duration>>()
            val scope = CoroutineScope(loop.dispatcher)
            scope.launch {
                val (near, far) = faulty(input = faults, loop = loop)
                scope.launch {
                    repeat(20) { arrived += near.takeOrWait() to loop.elapsed }
                    near.close()
                }
                for (text in 'a'..'t') {
                    far.write(bytes("$text"))
                    delay(10.milliseconds)
                }
                far.close()
            }
            loop.advanceBy(1.seconds)
            return arrived
        }

        val arrived = arrivals(1)
        arrived.joinToString("") { it.first.orEmpty() } shouldBe ('a'..'t').joinToString("")
        arrived.map { it.second } shouldBe arrived.map { it.second }.sorted()
        arrivals(1) shouldBe arrived
        arrivals(2) shouldNotBe arrived
        shouldThrow<IllegalArgumentException> { FaultLayer(output = Faults { jitter = 1.seconds }) }
        shouldThrow<IllegalArgumentException> { FaultLayer().output = Faults { latency = 1.seconds } }
        shouldThrow<IllegalArgumentException> { Faults { jitter = (-1).seconds } }
    }

    "a stream that whoever holds it has closed is not touched any more" {
        val layer = FaultLayer()
        val (near, far) = layered(layer)
        near.write(bytes("last words"))
        near.close()
        layer.resetAll()
        far.take() shouldBe "last words"
        far.take() shouldBe null
        far.read(ByteBuffer.allocate(1)) shouldBe -1
        far.close()
    }
})

private val SILENCE = Faults { silentAfter = 0 }

private suspend fun layered(layer: FaultLayer, loop: ManualLoop = ManualLoop()): Pair<RawStream, RawStream> {
    val (near, far) = Memory.streams(loop)
    return layer.wrap(near) to far
}
