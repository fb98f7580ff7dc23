package io.hawser.messaging.hub

import io.hawser.messaging.WhenSlow
import io.hawser.messaging.hub.OutboundQueue.Offer
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe
import java.nio.ByteBuffer
import java.util.concurrent.atomic.AtomicLong
import kotlin.random.Random
import kotlinx.coroutines.CoroutineStart.UNDISPATCHED
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitAll
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.launch
import kotlinx.coroutines.withContext
import kotlinx.coroutines.yield

/** A message of a [number], [size] bytes long. */
private fun message(number: Int, size: Int = 4): ByteBuffer = ByteBuffer.allocate(size).putInt(0, number)

private val ByteBuffer.number: Int get() = getInt(position())

private suspend fun OutboundQueue.takeNumbers(limit: Int = 100): List<Int> = checkNotNull(take(limit)).map { it.number }

/** All that waits, until nothing does. */
private suspend fun OutboundQueue.drain(): List<Int> = buildList {
    while (this@drain.size > 0) {
        val taken = takeNumbers()
        addAll(taken)
        left(taken.size)
    }
}

class MessageQueueSpec : StringSpec({
    "messages leave in order, as duplicates of buffers that others have too" {
        val queues = List(3) { OutboundQueue(10, 1_000, WhenSlow.DropNewest) }
        val shared = List(4) { message(it, 100) }
        for (one in shared) for (queue in queues) queue.offer(one) shouldBe Offer.Queued
        for (queue in queues) {
            queue.size shouldBe 4
            queue.bytes shouldBe 400
            val taken = checkNotNull(queue.take(3))
            taken.map { it.number } shouldBe listOf(0, 1, 2)
            taken.zip(shared).all { (mine, all) -> mine !== all && mine.array() === all.array() } shouldBe true
            for (one in taken) one.position(one.limit())
            queue.left(3)
            queue.drain() shouldBe listOf(3)
            queue.size shouldBe 0
            queue.bytes shouldBe 0
        }
        shared.map { it.position() } shouldBe List(4) { 0 }
    }

    "what was taken and has not left is taken again" {
        val queue = OutboundQueue(10, 1_000, WhenSlow.DropNewest)
        repeat(5) { queue.offer(message(it)) }
        queue.takeNumbers(3) shouldBe listOf(0, 1, 2)
        queue.left(1)
        queue.takeNumbers(3) shouldBe listOf(1, 2, 3)
        queue.takeNumbers(1) shouldBe listOf(1)
        queue.size shouldBe 4
    }

    "the newest is dropped where the queue is full, by number or by bytes" {
        val queue = OutboundQueue(3, 20, WhenSlow.DropNewest)
        listOf(4, 4, 4, 4).mapIndexed { number, size -> queue.offer(message(number, size)) } shouldBe
            listOf(Offer.Queued, Offer.Queued, Offer.Queued, Offer.Dropped)
        queue.drain() shouldBe listOf(0, 1, 2)
        listOf(16, 5, 4).mapIndexed { number, size -> queue.offer(message(number, size)) } shouldBe
            listOf(Offer.Queued, Offer.Dropped, Offer.Queued)
        queue.drain() shouldBe listOf(0, 2)
        queue.dropped shouldBe 2
    }

    "the oldest are dropped for a new one, as many as it takes, but nothing that is being written" {
        val queue = OutboundQueue(4, 20, WhenSlow.DropOldest)
        repeat(4) { queue.offer(message(it)) }
        queue.takeNumbers(1) shouldBe listOf(0)
        queue.offer(message(4)) shouldBe Offer.Queued
        queue.dropped shouldBe 1
        queue.offer(message(5, 12)) shouldBe Offer.Queued
        queue.dropped shouldBe 3
        queue.bytes shouldBe 20
        // None is dropped for one that there would be no room for even so.
        queue.offer(message(6, 17)) shouldBe Offer.Dropped
        queue.dropped shouldBe 4
        queue.drain() shouldBe listOf(0, 4, 5)
    }

    "an empty queue takes one message, however large" {
        for (whenSlow in WhenSlow.entries) {
            val queue = OutboundQueue(1, 5, whenSlow)
            queue.offer(message(0, 100)) shouldBe Offer.Queued
            queue.drain() shouldBe listOf(0)
        }
    }

    "a client that is to be disconnected is told of once, and its queue is gone but for what is being written" {
        val queue = OutboundQueue(3, 100, WhenSlow.Disconnect)
        repeat(3) { queue.offer(message(it)) shouldBe Offer.Queued }
        queue.takeNumbers(1) shouldBe listOf(0)
        queue.offer(message(3)) shouldBe Offer.Overflowed
        queue.offer(message(4)) shouldBe Offer.Closed
        queue.put(message(5)) shouldBe Offer.Closed
        queue.dropped shouldBe 3
        queue.size shouldBe 1
        queue.left(1)
        queue.take(1) shouldBe null
    }

    "senders wait for room in order, nobody overtakes them, and one that is cancelled has sent nothing" {
        coroutineScope {
            val queue = OutboundQueue(1, 100, WhenSlow.Suspend)
            queue.offer(message(0)) shouldBe Offer.Queued
            queue.offer(message(1)) shouldBe Offer.Full
            val waiting = (2..4).map { async(start = UNDISPATCHED) { queue.put(message(it)) } }
            waiting[1].cancelAndJoin()
            val heard = mutableListOf<Int>()
            while (heard.size < 3) {
                heard += queue.takeNumbers(1)
                queue.left(1)
                if (heard.size < 3) queue.offer(message(99)) shouldBe Offer.Full
                if (heard.size < 3) while (queue.size == 0) yield()
            }
            heard shouldBe listOf(0, 2, 4)
            listOf(waiting[0], waiting[2]).awaitAll() shouldBe listOf(Offer.Queued, Offer.Queued)
            while (queue.offer(message(5)) == Offer.Full) yield()
            queue.drain() shouldBe listOf(5)
            queue.dropped shouldBe 0
        }
    }

    "a sender that waits first is cancelled, and the next one takes its place" {
        coroutineScope {
            val queue = OutboundQueue(1, 100, WhenSlow.Suspend)
            queue.offer(message(0))
            val waiting = (1..2).map { async(start = UNDISPATCHED) { queue.put(message(it)) } }
            queue.takeNumbers()
            queue.left(1)
            waiting[0].cancelAndJoin()
            waiting[1].await() shouldBe Offer.Queued
            queue.drain() shouldBe listOf(2)
        }
    }

    "a closed queue takes nothing more, what waits still leaves, and senders that wait are told" {
        coroutineScope {
            val queue = OutboundQueue(1, 100, WhenSlow.Suspend)
            queue.offer(message(0))
            val waiting = (1..3).map { async(start = UNDISPATCHED) { queue.put(message(it)) } }
            queue.close()
            queue.close()
            waiting.awaitAll() shouldBe List(3) { Offer.Closed }
            queue.offer(message(4)) shouldBe Offer.Closed
            queue.drain() shouldBe listOf(0)
            queue.take(1) shouldBe null
            queue.dropped shouldBe 0
        }
    }

    "who takes waits for messages and for the end, and who waits for none waits until all have left" {
        coroutineScope {
            val queue = OutboundQueue(3, 100, WhenSlow.DropOldest)
            val taken = mutableListOf<Int>()
            val taking = launch(start = UNDISPATCHED) {
                while (true) {
                    val some = queue.take(2) ?: break
                    taken += some.map { it.number }
                    queue.left(some.size)
                }
            }
            queue.awaitEmpty()
            repeat(3) { queue.offer(message(it)) }
            val emptied = launch(start = UNDISPATCHED) { queue.awaitEmpty() }
            emptied.isCompleted shouldBe false
            emptied.join()
            taken shouldBe listOf(0, 1, 2)
            queue.close()
            taking.join()
        }
    }

    "when the connection is gone, everything is dropped and counted, and nobody waits any longer" {
        coroutineScope {
            val queue = OutboundQueue(2, 100, WhenSlow.Suspend)
            repeat(2) { queue.offer(message(it)) }
            queue.takeNumbers(1)
            val sender = async(start = UNDISPATCHED) { queue.put(message(2)) }
            val emptied = launch(start = UNDISPATCHED) { queue.awaitEmpty() }
            queue.drop()
            sender.await() shouldBe Offer.Closed
            emptied.join()
            queue.take(1) shouldBe null
            queue.dropped shouldBe 2
            queue.bytes shouldBe 0
        }
    }

    "whatever happens in whatever order, the bounds hold, and every message has left, waits, or was dropped" {
        for (seed in 0 until 2_000) {
            val random = Random(seed)
            val whenSlow = WhenSlow.entries.random(random)
            val maxMessages = random.nextInt(1, 6)
            val maxBytes = random.nextInt(4, 60)
            val queue = OutboundQueue(maxMessages, maxBytes, whenSlow)
            var offered = 0
            val gone = mutableListOf<Int>()
            withClue("seed $seed, $whenSlow, $maxMessages messages of $maxBytes bytes") {
                repeat(60) {
                    if (random.nextInt(3) > 0) {
                        val offer = queue.offer(message(offered, random.nextInt(4, 30)))
                        if (offer == Offer.Queued || offer == Offer.Dropped || offer == Offer.Overflowed) offered++
                    } else if (queue.size > 0) {
                        val taken = queue.takeNumbers(random.nextInt(1, 4))
                        val count = random.nextInt(taken.size + 1)
                        gone += taken.take(count)
                        queue.left(count)
                    }
                    (queue.size <= maxMessages) shouldBe true
                    (queue.bytes <= maxBytes || queue.size == 1) shouldBe true
                    gone.size + queue.size + queue.dropped shouldBe offered.toLong()
                }
                gone += queue.drain()
                gone shouldBe gone.sorted().distinct()
                if (whenSlow == WhenSlow.Suspend) gone shouldBe List(offered) { it }
            }
        }
    }

    "with many senders at once nothing is lost or doubled, and each one's messages stay in order" {
        for (whenSlow in listOf(WhenSlow.Suspend, WhenSlow.DropOldest, WhenSlow.DropNewest)) {
            val queue = OutboundQueue(7, 10_000, whenSlow)
            val each = 2_000
            val refused = AtomicLong()
            val heard = mutableListOf<Int>()
            withContext(Dispatchers.Default) {
                val taking = launch {
                    while (true) {
                        val some = queue.take(3) ?: break
                        heard += some.map { it.number }
                        queue.left(some.size)
                    }
                }
                List(4) { sender ->
                    async {
                        repeat(each) { if (queue.put(message(sender * each + it)) == Offer.Dropped) refused.incrementAndGet() }
                    }
                }.awaitAll()
                queue.close()
                taking.join()
            }
            heard.size + queue.dropped shouldBe 4L * each
            if (whenSlow == WhenSlow.DropNewest) queue.dropped shouldBe refused.get()
            if (whenSlow == WhenSlow.Suspend) heard.size shouldBe 4 * each
            for (mine in heard.groupBy { it / each }.values) mine shouldBe mine.sorted().distinct()
        }
    }
})

private suspend fun OutboundQueue.awaitEmpty() {
    while (size > 0) yield()
}
