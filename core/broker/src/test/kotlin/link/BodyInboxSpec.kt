package io.hawser.broker.link

import io.hawser.broker.wire.allocatedBy
import io.hawser.broker.wire.body
import io.hawser.broker.wire.content
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.longs.shouldBeLessThan
import io.kotest.matchers.shouldBe
import java.io.IOException
import java.nio.ByteBuffer
import kotlin.random.Random
import kotlinx.coroutines.CoroutineStart.UNDISPATCHED
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.flow.map
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.launch
import kotlinx.coroutines.withContext
import kotlinx.coroutines.yield

private class Lost : IOException("lost")

private class Late : IOException("late")

/** An inbox, and what it has granted. */
private class Receiver(window: Int) {
    val grants = mutableListOf<Int>()
    val inbox = BodyInbox(window, grants::add)

    suspend fun sizes(): List<Int> = inbox.map { it.size }.toList()
}

class BodyInboxSpec : StringSpec({
    "what comes is collected in order, and then the end" {
        val receiver = Receiver(10_000)
        val sizes = listOf(2_000, 0, 1_500, 3_000)
        sizes.forEachIndexed { seed, size -> receiver.inbox.offer(body(size, seed)) shouldBe true }
        receiver.inbox.received shouldBe 6_500
        receiver.inbox.end(6_500) shouldBe true
        val pieces = receiver.inbox.toList()
        pieces.map { it.size } shouldBe listOf(2_000, 1_500, 3_000)
        pieces[1].contentEquals(body(1_500, 2).content()) shouldBe true
    }

    "who collects waits for what comes" {
        coroutineScope {
            val receiver = Receiver(10_000)
            val collecting = async(start = UNDISPATCHED) { receiver.sizes() }
            receiver.inbox.offer(body(5))
            receiver.inbox.end(5)
            collecting.await() shouldBe listOf(5)
            val empty = Receiver(1)
            empty.inbox.end(0) shouldBe true
            empty.sizes().shouldBeEmpty()
        }
    }

    "what is collected is the collector's own" {
        val shared = ByteArray(100)
        val receiver = Receiver(1_000)
        receiver.inbox.offer(ByteBuffer.wrap(shared))
        receiver.inbox.end(100)
        receiver.inbox.collect { it.fill(1) }
        shared.all { it == 0.toByte() } shouldBe true
    }

    "what has been collected is granted in lumps of half a window, until the end is there" {
        val receiver = Receiver(window = 8_000)
        coroutineScope {
            val collecting = launch(start = UNDISPATCHED) { receiver.inbox.collect {} }
            suspend fun comes(size: Int) {
                receiver.inbox.offer(body(size))
                yield()
            }
            comes(3_999)
            receiver.grants.shouldBeEmpty()
            comes(1)
            receiver.grants shouldBe listOf(4_000)
            comes(3_000)
            comes(3_000)
            receiver.grants shouldBe listOf(4_000, 6_000)
            receiver.inbox.offer(body(8_000)) shouldBe true
            receiver.inbox.end(18_000) shouldBe true
            collecting.join()
            receiver.grants shouldBe listOf(4_000, 6_000)
        }
    }

    "no more is taken than has been granted" {
        val receiver = Receiver(window = 8_000)
        receiver.inbox.offer(body(8_000)) shouldBe true
        receiver.inbox.offer(body(1)) shouldBe false
        receiver.inbox.received shouldBe 8_000
        receiver.inbox.first().size shouldBe 8_000
        receiver.grants shouldBe listOf(8_000)
        receiver.inbox.offer(body(8_001)) shouldBe false
        receiver.inbox.offer(body(8_000)) shouldBe true
    }

    "a sender never waits for one who has collected all, however small the window and the pieces" {
        for (window in listOf(1, 2, 3, 10, 1_000)) {
            withClue("window $window") {
                coroutineScope {
                    val receiver = Receiver(window)
                    val random = Random(window)
                    val collecting = async(start = UNDISPATCHED) { receiver.inbox.toList().sumOf { it.size } }
                    var credit = window
                    var sent = 0
                    repeat(500) {
                        val size = random.nextInt(1, minOf(credit, 400) + 1)
                        receiver.inbox.offer(body(size)) shouldBe true
                        sent += size
                        credit -= size
                        yield()
                        credit += receiver.grants.sum()
                        receiver.grants.clear()
                        (credit > 0) shouldBe true
                    }
                    receiver.inbox.end(sent.toLong())
                    collecting.await() shouldBe sent
                }
            }
        }
    }

    "an end that does not add up is none" {
        val receiver = Receiver(100)
        receiver.inbox.offer(body(10))
        receiver.inbox.end(9) shouldBe false
        receiver.inbox.end(11) shouldBe false
        receiver.inbox.end(10) shouldBe true
        receiver.sizes() shouldBe listOf(10)
    }

    "small pieces are joined, and take memory in proportion" {
        val receiver = Receiver(1 shl 20)
        val one = ByteBuffer.wrap(byteArrayOf(7))
        allocatedBy { repeat(100_000) { receiver.inbox.offer(one.duplicate()) } } shouldBeLessThan 12_000_000
        one.position() shouldBe 0
        receiver.inbox.end(100_000)
        val pieces = receiver.inbox.toList()
        pieces.dropLast(1).all { it.size == 1_024 } shouldBe true
        pieces.sumOf { it.size } shouldBe 100_000
        pieces.all { piece -> piece.all { it == 7.toByte() } } shouldBe true
    }

    "pieces of all sizes come out as they came" {
        for (seed in 0 until 300) {
            val random = Random(seed)
            val receiver = Receiver(1 shl 20)
            var all = ByteArray(0)
            repeat(random.nextInt(40)) {
                val bytes = random.nextBytes(random.nextInt(listOf(10, 1_100, 3_000).random(random)))
                // A slice of something larger, at whatever place.
                val slice = ByteBuffer.wrap(ByteArray(5) + bytes + ByteArray(3), 5, bytes.size)
                receiver.inbox.offer(if (random.nextBoolean()) slice else slice.slice()) shouldBe true
                all += bytes
            }
            receiver.inbox.end(all.size.toLong()) shouldBe true
            receiver.inbox.toList().fold(ByteArray(0), ByteArray::plus).contentEquals(all) shouldBe true
        }
    }

    "after a failure what had come is collected, and then it is thrown" {
        val receiver = Receiver(100)
        receiver.inbox.offer(body(5))
        receiver.inbox.fail(Lost())
        receiver.inbox.fail(Late())
        receiver.inbox.offer(body(5)) shouldBe true
        val sizes = mutableListOf<Int>()
        shouldThrow<Lost> { receiver.inbox.collect { sizes += it.size } }
        sizes shouldBe listOf(5)
        receiver.grants.shouldBeEmpty()
    }

    "a body that is complete does not fail any more" {
        val receiver = Receiver(100)
        receiver.inbox.offer(body(5))
        receiver.inbox.end(5)
        receiver.inbox.fail(Lost())
        receiver.sizes() shouldBe listOf(5)
    }

    "what nobody wants any more is dropped, complete or not" {
        for (complete in listOf(true, false)) {
            val receiver = Receiver(100)
            receiver.inbox.offer(body(5))
            if (complete) receiver.inbox.end(5)
            receiver.inbox.drop { Late() }
            receiver.inbox.offer(body(6)) shouldBe true
            shouldThrow<Late> { receiver.sizes() }
        }
    }

    "who waits meets the failure" {
        val ways = listOf<(BodyInbox) -> Unit>({ it.fail(Lost()) }, { inbox -> inbox.drop { Lost() } })
        for (way in ways) {
            coroutineScope {
                val receiver = Receiver(100)
                val collecting = async(start = UNDISPATCHED) { shouldThrow<Lost> { receiver.sizes() } }
                way(receiver.inbox)
                collecting.await()
            }
        }
    }

    "it is collected once" {
        val receiver = Receiver(100)
        receiver.inbox.end(0)
        receiver.sizes()
        shouldThrow<IllegalStateException> { receiver.sizes() }.message shouldBe "a body can be collected once only"
    }

    "a collector that is cancelled takes nothing, even if it had been woken" {
        coroutineScope {
            val receiver = Receiver(2)
            val collected = mutableListOf<Int>()
            val collecting = launch(start = UNDISPATCHED) { receiver.inbox.collect { collected += it.size } }
            receiver.inbox.offer(body(2))
            collecting.cancelAndJoin()
            collected.shouldBeEmpty()
            receiver.grants.shouldBeEmpty()
        }
    }

    "with a sender on another thread all comes, in order" {
        val window = 5_000
        val credit = Credit(window)
        val inbox = BodyInbox(window) { credit.add(it) }
        val total = 2_000_000
        val sent = body(total)
        withContext(Dispatchers.Default) {
            launch {
                var at = 0
                while (at < total) {
                    val size = credit.take(minOf(700 + at % 900, total - at))
                    inbox.offer(sent.slice(at, size)) shouldBe true
                    at += size
                }
                inbox.end(total.toLong())
            }
            inbox.toList().fold(ByteBuffer.allocate(total), ByteBuffer::put).flip() shouldBe sent
        }
    }
})
