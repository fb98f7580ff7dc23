@file:OptIn(TransportApi::class)

package io.hawser.testkit

import io.hawser.ConnectionReset
import io.hawser.copyTo
import io.hawser.engine.EventLoopGroup
import io.hawser.transport.RawStream
import io.hawser.transport.TransportApi
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.core.test.config.DefaultTestConfig
import io.kotest.matchers.collections.shouldContain
import io.kotest.matchers.ints.shouldBeLessThanOrEqual
import io.kotest.matchers.shouldBe
import io.kotest.matchers.shouldNotBe
import java.nio.ByteBuffer
import java.nio.channels.ClosedChannelException
import kotlin.random.Random
import kotlin.time.Duration
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CoroutineStart.UNDISPATCHED
import kotlinx.coroutines.async
import kotlinx.coroutines.coroutineScope

class FaultLayerSpec : StringSpec({
    extension(LeakCheck)
    defaultTestConfig = DefaultTestConfig(timeout = 30.seconds)

    "without a fault everything goes through" {
        val (near, far) = faulty()
        near.write(arrayOf(bytes(""), bytes("abc"), bytes("def")), 0) shouldBe 3
        far.take() shouldBe "abc"
        far.write(bytes("ghi"))
        near.take() shouldBe "ghi"
        near.shutdownOutput()
        far.take() shouldBe null
        far.close()
        near.take() shouldBe null
        near.close()
        shouldThrow<ClosedChannelException> { near.take() }
        near.awaitClosed()
    }

    "reads and writes are sliced at the same offsets for the same seed" {
        suspend fun reads(seed: Long): List<Int> {
            val (near, far) = faulty(
                input = Faults {
                    sliceTo = 7
                    this.seed = seed
                },
            )
            far.write(ByteBuffer.allocate(1000))
            far.close()
            return generateSequence { near.read(ByteBuffer.allocate(100)).takeIf { it > 0 } }.toList()
        }

        fun writes(near: RawStream): List<Int> {
            val source = ByteBuffer.allocate(1000)
            return generateSequence { if (source.hasRemaining()) near.write(source) else null }.toList()
        }
        val slices = reads(1)
        slices.sum() shouldBe 1000
        slices.max() shouldBeLessThanOrEqual 7
        slices shouldContain 1
        reads(1) shouldBe slices
        reads(2) shouldNotBe slices
        writes(
            faulty(
                output = Faults {
                    sliceTo = 7
                    seed = 1
                },
            ).first,
        ) shouldBe slices
        reads(3).size shouldNotBe 1000
        val (near, far) = faulty(input = Faults { sliceTo = 1 })
        far.write(bytes("abc"))
        List(3) { near.take() } shouldBe listOf("a", "b", "c")
    }

    "one bit of the named byte is flipped, the same for the same seed" {
        suspend fun arrived(seed: Long, ofInput: Boolean): ByteArray {
            val faults = Faults {
                corruptAt = 700
                this.seed = seed
                sliceTo = 300
            }
            val (near, far) = if (ofInput) faulty(input = faults) else faulty(output = faults)
            val (from, to) = if (ofInput) far to near else near to far
            val source = ByteBuffer.wrap(Random(5).nextBytes(1000))
            while (source.hasRemaining()) from.write(source)
            val target = ByteBuffer.allocate(1000)
            while (target.hasRemaining()) to.read(target)
            source.array() shouldBe Random(5).nextBytes(1000)
            return target.array()
        }
        val original = Random(5).nextBytes(1000)
        for (ofInput in listOf(true, false)) {
            val corrupted = arrived(seed = 9, ofInput)
            val differing = original.indices.filter { original[it] != corrupted[it] }
            differing shouldBe listOf(700)
            (original[700].toInt() xor corrupted[700].toInt()).and(0xff).countOneBits() shouldBe 1
            arrived(seed = 9, ofInput) shouldBe corrupted
        }
        (1L..20L).map { arrived(it, ofInput = true)[700] }.distinct().size shouldNotBe 1
    }

    "a cut resets both sides after exactly so many bytes" {
        val (near, far) = faulty(input = Faults { cutAfter = 5 })
        far.write(bytes("0123456789"))
        near.take() shouldBe "01234"
        shouldThrow<ConnectionReset> { near.take() }
        shouldThrow<ConnectionReset> { near.write(bytes("x")) }
        shouldThrow<ConnectionReset> { near.shutdownOutput() }
        near.awaitReadable()
        shouldThrow<ConnectionReset> { near.awaitWritable() }
        shouldThrow<ConnectionReset> { far.take() }
        shouldThrow<ConnectionReset> { far.write(bytes("x")) }
        near.close()
        shouldThrow<ClosedChannelException> { near.take() }

        val (writer, reader) = faulty(output = Faults { cutAfter = 5 })
        writer.write(bytes("0123456789")) shouldBe 5
        shouldThrow<ConnectionReset> { writer.write(bytes("x")) }
        shouldThrow<ConnectionReset> { reader.take() }

        val (stillborn, other) = faulty(output = Faults { cutAfter = 0 })
        shouldThrow<ConnectionReset> { stillborn.take() }
        shouldThrow<ConnectionReset> { other.take() }
    }

    "a cut of one direction wakes who waits in the other" {
        val (near, far) = faulty(output = Faults { cutAfter = 1 })
        coroutineScope {
            val reader = async(start = UNDISPATCHED) { runCatching { near.awaitReadable() } }
            near.write(bytes("x"))
            (reader.await().exceptionOrNull() is ConnectionReset) shouldBe true
        }
        far.close()
    }

    "a cut of one direction is a reset for a call that is under way in the other" {
        lateinit var near: RawStream
        val (inner, far) = Memory.streams(EventLoopGroup.shared.next())
        val cutInRead = object : RawStream by inner {
            override fun read(target: ByteBuffer): Int {
                near.write(bytes("x"))
                return inner.read(target)
            }
        }
        near = FaultLayer(output = Faults { cutAfter = 1 }).wrap(cutInRead)
        shouldThrow<ConnectionReset> { near.take() }
        far.close()

        val (otherInner, otherFar) = Memory.streams(EventLoopGroup.shared.next())
        val cutInWrite = object : RawStream by otherInner {
            override fun write(source: ByteBuffer): Int {
                near.take() shouldBe "x"
                return otherInner.write(source)
            }
        }
        near = FaultLayer(input = Faults { cutAfter = 1 }).wrap(cutInWrite)
        otherFar.write(bytes("x"))
        shouldThrow<ConnectionReset> { near.write(bytes("y")) }
        otherFar.close()
    }

    "an end comes after exactly so many bytes" {
        val (near, far) = faulty(input = Faults { endAfter = 5 })
        far.write(bytes("0123456789"))
        near.take() shouldBe "01234"
        near.take() shouldBe null
        near.awaitReadable()
        near.write(bytes("answer"))
        far.take() shouldBe "answer"

        val (writer, reader) = faulty(output = Faults { endAfter = 5 })
        writer.write(bytes("0123456789")) shouldBe 5
        reader.take() shouldBe "01234"
        reader.take() shouldBe null
        shouldThrow<ConnectionReset> { writer.write(bytes("x")) }
    }

    "faults go between a client and a server like any layer" {
        coroutineScope {
            val slow = Faults {
                sliceTo = 3
                latency = 1.milliseconds
            }
            val server = Memory.server(name = "faulty").through(FaultLayer(input = slow)).start(this) { it.copyTo(it) }
            Memory.client("faulty").through(FaultLayer(output = Faults { sliceTo = 2 })).connect { connection ->
                repeat(20) {
                    connection.writeLine("a line of some length")
                    connection.readLine() shouldBe "a line of some length"
                }
            }
            server.close()
        }
    }

    "what makes no sense is refused" {
        shouldThrow<IllegalArgumentException> { Faults { sliceTo = 0 } }.message shouldBe "sliceTo < 1: 0"
        shouldThrow<IllegalArgumentException> { Faults { bandwidth = 0 } }
        shouldThrow<IllegalArgumentException> { Faults { latency = (-1).seconds } }
        shouldThrow<IllegalArgumentException> { Faults { cutAfter = -1 } }
        Faults.builder().sliceTo(5).latency(java.time.Duration.ofMillis(3)).build().latency shouldBe 3.milliseconds
    }
})
