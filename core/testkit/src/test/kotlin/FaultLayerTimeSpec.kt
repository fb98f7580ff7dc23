@file:OptIn(TransportApi::class)

package io.hawser.testkit

import io.hawser.transport.TransportApi
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.core.test.config.DefaultTestConfig
import io.kotest.matchers.shouldBe
import java.nio.ByteBuffer
import java.nio.channels.ClosedChannelException
import kotlin.time.Duration
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.async
import kotlinx.coroutines.launch

class FaultLayerTimeSpec : StringSpec({
    extension(LeakCheck)
    defaultTestConfig = DefaultTestConfig(timeout = 30.seconds)

    "silence lasts until the stream is closed" {
        val loop = ManualLoop()
        val (near, far) = faulty(input = Faults { silentAfter = 5 }, output = Faults { silentAfter = 3 }, loop)
        far.write(bytes("0123456789"))
        near.take() shouldBe "01234"
        near.read(ByteBuffer.allocate(1)) shouldBe 0
        near.write(bytes("abcdef")) shouldBe 3
        near.write(bytes("def")) shouldBe 0
        far.take() shouldBe "abc"
        val scope = CoroutineScope(loop.dispatcher)
        val reader = scope.async { runCatching { near.awaitReadable() } }
        val writer = scope.async { runCatching { near.awaitWritable() } }
        far.abort()
        loop.advanceBy(3600.seconds)
        (reader.isActive && writer.isActive) shouldBe true
        near.close()
        loop.runUntilIdle()
        (reader.await().exceptionOrNull() is ClosedChannelException) shouldBe true
        (writer.await().exceptionOrNull() is ClosedChannelException) shouldBe true
    }

    "latency delays each byte by as much and lets many be on their way" {
        val loop = ManualLoop()
        val (near, far) = faulty(input = Faults { latency = 100.milliseconds }, loop = loop)
        val scope = CoroutineScope(loop.dispatcher)
        val arrived = mutableListOf<Pair<String?, Duration>>()
        scope.launch {
            while (true) {
                val text = near.takeOrWait()
                arrived += text to loop.elapsed
                if (text == null) break
            }
        }
        for (text in listOf("a", "b", "c")) {
            far.write(bytes(text))
            loop.advanceBy(10.milliseconds)
        }
        far.shutdownOutput()
        loop.advanceBy(1.seconds)
        arrived shouldBe listOf("a" to 100.milliseconds, "b" to 110.milliseconds, "c" to 120.milliseconds, null to 130.milliseconds)
    }

    "latency is ended by a close, and a wait for it can be cancelled" {
        val loop = ManualLoop()
        val (near, far) = faulty(input = Faults { latency = 100.seconds }, loop = loop)
        far.write(bytes("late"))
        val scope = CoroutineScope(loop.dispatcher)
        val cancelled = scope.launch { near.awaitReadable() }
        loop.advanceBy(10.seconds)
        cancelled.cancel()
        val wait = scope.async { runCatching { near.awaitReadable() } }
        loop.runUntilIdle()
        wait.isActive shouldBe true
        near.close()
        loop.runUntilIdle()
        (wait.await().exceptionOrNull() is ClosedChannelException) shouldBe true
        shouldThrow<IllegalArgumentException> { FaultLayer(output = Faults { latency = 1.seconds }) }
    }

    "bandwidth is kept to, in both directions" {
        for (ofInput in listOf(true, false)) {
            val loop = ManualLoop()
            val faults = Faults { bandwidth = 1000 }
            val (near, far) = if (ofInput) faulty(input = faults, loop = loop) else faulty(output = faults, loop = loop)
            val (from, to) = if (ofInput) far to near else near to far
            val scope = CoroutineScope(loop.dispatcher)
            var received = 0
            scope.launch {
                val source = ByteBuffer.allocate(5000)
                while (source.hasRemaining()) if (from.write(source) == 0) from.awaitWritable()
                from.shutdownOutput()
            }
            scope.launch { to.count { received = it } }
            loop.advanceBy(1.seconds)
            (received in 990..1030) shouldBe true
            loop.advanceBy(2.seconds)
            (received in 2970..3030) shouldBe true
            loop.advanceBy(2100.milliseconds)
            received shouldBe 5000
        }
    }

    "a reader that is woken leaves silence, latency and a full pipe, once, and finds them as they were" {
        val silence = Faults { silentAfter = 1 }
        val latency = Faults { latency = 10.seconds }
        val slowness = Faults { bandwidth = 1 }
        for (faults in listOf(silence, latency, slowness)) {
            val loop = ManualLoop()
            val (near, far) = faulty(input = faults, loop = loop)
            val scope = CoroutineScope(loop.dispatcher)
            far.write(bytes("ab"))
            near.take()
            val wait = scope.async { near.awaitReadable() }
            loop.runUntilIdle()
            wait.isActive shouldBe true
            near.wakeReader()
            loop.runUntilIdle()
            wait.isCompleted shouldBe true
            near.take() shouldBe ""

            repeat(2) { near.wakeReader() }
            val woken = scope.async { near.awaitReadable() }
            loop.runUntilIdle()
            woken.isCompleted shouldBe true
            val again = scope.async { near.takeOrWait() }
            loop.runUntilIdle()
            again.isActive shouldBe true
            loop.advanceBy(20.seconds)
            if (faults === silence) again.isActive shouldBe true else again.await() shouldBe (if (faults === latency) "ab" else "b")
            near.close()
            loop.runUntilIdle()
        }
    }

    "a wake-up of the stream below is passed on, while bytes are late too, and late bytes are not taken for one" {
        for (faults in listOf(Faults.NONE, Faults { latency = 10.seconds })) {
            for (pending in listOf(false, true)) {
                val loop = ManualLoop()
                val (below, far) = Memory.streams(loop)
                val near = FaultLayer(input = faults).wrap(below)
                val scope = CoroutineScope(loop.dispatcher)
                if (pending && faults !== Faults.NONE) far.write(bytes("late"))
                val wait = scope.async { near.awaitReadable() }
                loop.advanceBy(1.seconds)
                below.wakeReader()
                loop.runUntilIdle()
                wait.isCompleted shouldBe true
                near.take() shouldBe ""
                val next = scope.async { near.awaitReadable() }
                loop.runUntilIdle()
                far.write(bytes("more"))
                loop.advanceBy(1.seconds)
                next.isActive shouldBe (faults !== Faults.NONE)
                loop.advanceBy(10.seconds)
                next.isCompleted shouldBe true
                near.take() shouldBe (if (pending && faults !== Faults.NONE) "late" else "more")
            }
        }
    }
})
