@file:OptIn(TransportApi::class)

package io.hawser.testkit.memory

import io.hawser.engine.EventLoopGroup
import io.hawser.testkit.LeakCheck
import io.hawser.testkit.Memory
import io.hawser.testkit.bytes
import io.hawser.transport.RawStream
import io.hawser.transport.TransportApi
import io.kotest.core.spec.style.StringSpec
import io.kotest.core.test.config.DefaultTestConfig
import io.kotest.matchers.shouldBe
import java.nio.ByteBuffer
import java.util.concurrent.atomic.AtomicBoolean
import java.util.zip.CRC32
import kotlin.random.Random
import kotlin.time.Duration.Companion.microseconds
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CoroutineDispatcher
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.launch
import kotlinx.coroutines.withTimeoutOrNull
import kotlinx.coroutines.yield

class MemoryStressSpec : StringSpec({
    extension(LeakCheck)
    defaultTestConfig = DefaultTestConfig(timeout = 120.seconds)

    suspend fun hammer(total: Long, capacity: Int, one: CoroutineDispatcher, other: CoroutineDispatcher) = coroutineScope {
        val (near, far) = EventLoopGroup.shared.run { Memory.streams(next(), next(), capacity) }
        val there = async(one) { near.send(total, seed = 1) }
        val back = async(other) { far.send(total, seed = 2) }
        val arrived = async(other) { far.receive(seed = 3) }
        val returned = async(one) { near.receive(seed = 4) }
        arrived.await() shouldBe (total to there.await())
        returned.await() shouldBe (total to back.await())
        near.close()
        far.close()
    }

    "100 MB each way between two threads arrive as they were sent" {
        hammer(100_000_000, capacity = 64 * 1024, Dispatchers.Default, Dispatchers.IO)
    }

    "100 MB each way between two event loops arrive as they were sent" {
        hammer(100_000_000, capacity = 64 * 1024, EventLoopGroup.shared.next(), EventLoopGroup.shared.next())
    }

    "streams of a few bytes lose no wake-up" {
        hammer(200_000, capacity = 1, Dispatchers.Default, Dispatchers.IO)
        hammer(200_000, capacity = 3, EventLoopGroup.shared.next(), EventLoopGroup.shared.next())
    }

    "waits that are cancelled all the time lose no byte" {
        val (near, far) = EventLoopGroup.shared.run { Memory.streams(next(), next(), capacity = 16) }
        val total = 100_000
        coroutineScope {
            launch(Dispatchers.Default) {
                val one = ByteBuffer.allocate(1)
                for (i in 0 until total) {
                    one.clear().put(i.toByte()).flip()
                    while (one.hasRemaining()) {
                        if (near.write(one) == 0) withTimeoutOrNull((i % 5).microseconds) { near.awaitWritable() }
                    }
                }
                near.close()
            }
            launch(Dispatchers.Default) {
                val some = ByteBuffer.allocate(5)
                var expected = 0
                while (true) {
                    val count = far.read(some)
                    if (count < 0) break
                    some.flip()
                    while (some.hasRemaining()) some.get() shouldBe (expected++).toByte()
                    some.clear()
                    if (count == 0) withTimeoutOrNull((expected % 7).microseconds) { far.awaitReadable() }
                }
                expected shouldBe total
            }
        }
    }

    "waits cancelled while they are woken can always be taken up again" {
        val (near, far) = EventLoopGroup.shared.run { Memory.streams(next(), next(), capacity = 16) }
        val stop = AtomicBoolean()
        coroutineScope {
            val feeder = launch(Dispatchers.Default) {
                while (!stop.get()) {
                    far.write(bytes("x"))
                    yield()
                }
            }
            repeat(50_000) {
                val wait = launch(Dispatchers.Default) { near.awaitReadable() }
                wait.cancel()
                near.read(ByteBuffer.allocate(16))
                wait.join()
            }
            stop.set(true)
            feeder.join()
        }
        near.read(ByteBuffer.allocate(16))
        far.write(bytes("y"))
        near.awaitReadable()
    }

    "closing at any moment ends both sides" {
        repeat(2_000) { round ->
            val (near, far) = EventLoopGroup.shared.run { Memory.streams(next(), next(), capacity = 16) }
            coroutineScope {
                for (stream in listOf(near, far)) {
                    launch(Dispatchers.Default) { runCatching { stream.send(Long.MAX_VALUE, round.toLong()) } }
                    launch(Dispatchers.Default) { runCatching { stream.receive(round.toLong()) } }
                }
                repeat(round % 10) { yield() }
                if (round % 2 == 0) near.close() else near.abort()
                launch(Dispatchers.Default) { if (round % 4 < 2) far.close() else far.abort() }
            }
        }
    }
})

private suspend fun RawStream.send(total: Long, seed: Long): Long {
    val random = Random(seed)
    val check = CRC32()
    val chunk = ByteArray(50_000)
    var left = total
    while (left > 0) {
        val size = minOf(random.nextInt(1, chunk.size).toLong(), left).toInt()
        random.nextBytes(chunk, 0, size)
        check.update(chunk, 0, size)
        left -= size
        val half = size / 2
        val sources = arrayOf(ByteBuffer.wrap(chunk, 0, half), ByteBuffer.wrap(chunk, half, size - half))
        while (sources[1].hasRemaining()) {
            if (write(sources, if (sources[0].hasRemaining()) 0 else 1) == 0L) awaitWritable()
        }
    }
    shutdownOutput()
    return check.value
}

private suspend fun RawStream.receive(seed: Long): Pair<Long, Long> {
    val random = Random(seed)
    val check = CRC32()
    val buffer = ByteBuffer.allocateDirect(70_000)
    var total = 0L
    while (true) {
        buffer.clear().limit(random.nextInt(1, buffer.capacity()))
        val count = read(buffer)
        if (count < 0) return total to check.value
        if (count == 0) awaitReadable()
        total += count
        check.update(buffer.flip())
    }
}
