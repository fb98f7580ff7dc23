package io.hawser.broker.link

import io.hawser.broker.link.Outbound.Offer
import io.hawser.broker.wire.Code
import io.hawser.broker.wire.Frame
import io.hawser.broker.wire.Side
import io.hawser.broker.wire.Text
import io.hawser.broker.wire.body
import io.hawser.broker.wire.reply
import io.hawser.broker.wire.start
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.nulls.shouldNotBeNull
import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeInstanceOf
import kotlin.random.Random
import kotlinx.coroutines.CoroutineStart.UNDISPATCHED
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitAll
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.launch
import kotlinx.coroutines.withContext

private const val COST = 64

private fun Outbound.ask(size: Int = 0, flags: Int = 0): Lane {
    var opened: Lane? = null
    open(size) { lane -> start(lane.id, body(size), flags).also { opened = lane } } shouldBe Offer.Queued
    return checkNotNull(opened)
}

private fun Outbound.chunk(lane: Lane, size: Int = 1): Offer = offer(lane, Frame.Chunk(lane.id, body(size)))

private fun error(id: Long): Frame.Error = Frame.Error(id, 0, Code.TIMED_OUT.number, Text.of("late"))

private fun List<Frame>.shown(): List<String> = map { "${it.type} ${it.id}" }

/** What waits, as if it were written at once. */
private suspend fun Outbound.leave(): List<String> = checkNotNull(take()).shown().also { left() }

class OutboundSpec : StringSpec({
    "what is about the connection comes first, then what is granted, then requests" {
        val outbound = Outbound(Side.CLIENT)
        val lane = outbound.ask()
        outbound.leave() shouldBe listOf("START 1")
        outbound.chunk(lane)
        outbound.grant(lane, 10)
        outbound.say(Frame.Pong(1))
        outbound.say(Frame.Ping(2))
        outbound.leave() shouldBe listOf("PING 0", "PONG 0", "CREDIT 1", "CHUNK 1")
    }

    "each side numbers what it opens, in the order in which it leaves" {
        for ((side, first) in listOf(Side.CLIENT to 1L, Side.BROKER to 2L)) {
            val outbound = Outbound(side)
            (outbound.lastOpened < first) shouldBe true
            val lanes = List(4) { outbound.ask() }
            lanes.map { it.id } shouldBe List(4) { first + 2 * it }
            outbound.lastOpened shouldBe first + 6
            for (lane in lanes) outbound.chunk(lane)
            outbound.leave() shouldBe lanes.map { "START ${it.id}" } + lanes.map { "CHUNK ${it.id}" }
        }
    }

    "nobody hears of a request before it has been made, and one that could not be is not opened" {
        val outbound = Outbound(Side.CLIENT)
        val table = mutableMapOf<Long, Lane>()
        outbound.open(body = 8) { lane ->
            table[lane.id] = lane
            start(lane.id)
        } shouldBe Offer.Queued
        table.keys shouldBe setOf(1L)
        shouldThrow<NoSuchElementException> { outbound.open(0) { throw NoSuchElementException() } }
        outbound.ask()
        outbound.leave() shouldBe listOf("START 1", "START 5")
        outbound.bytes shouldBe 0
    }

    "order within a request, and a frame of each in turn" {
        val outbound = Outbound(Side.CLIENT)
        val lanes = List(3) { outbound.ask() }
        for (lane in lanes) repeat(3 - lanes.indexOf(lane)) { outbound.chunk(lane) }
        for (lane in lanes) outbound.offer(lane, Frame.End(lane.id, 3))
        outbound.leave() shouldBe listOf(
            "START 1", "START 3", "START 5", "CHUNK 1", "CHUNK 3", "CHUNK 5", "CHUNK 1", "CHUNK 3", "END 5", "CHUNK 1", "END 3", "END 1",
        )
    }

    "a small request passes a hundred large ones within one turn" {
        val outbound = Outbound(Side.BROKER)
        val bulk = List(100) { outbound.answer(2L * it + 1) }
        repeat(50) { for (lane in bulk) outbound.chunk(lane, 64 * 1024) }
        outbound.take().shouldNotBeNull()
        outbound.left()
        val small = outbound.answer(1_001)
        outbound.offer(small, reply(small.id, flags = Frame.WHOLE))
        var before = 0
        while (true) {
            val frames = outbound.take().shouldNotBeNull()
            outbound.left()
            before += frames.takeWhile { it.id != small.id }.size
            if (frames.any { it.id == small.id }) break
        }
        before shouldBe 100
    }

    "a batch has 128 KiB and 256 frames, or one frame" {
        val outbound = Outbound(Side.CLIENT)
        val lane = outbound.ask()
        outbound.leave()
        repeat(300) { outbound.chunk(lane) }
        outbound.leave().size shouldBe 256
        outbound.leave().size shouldBe 44
        for (size in listOf(100_000, 31_072, 1, 200_000, 1)) outbound.chunk(lane, size)
        List(4) { outbound.leave().size } shouldBe listOf(2, 1, 1, 1)
        repeat(300) { outbound.say(Frame.Ping(it.toLong())) }
        outbound.say(Frame.Pong(1))
        outbound.grant(lane, 1)
        outbound.leave() shouldBe List(256) { "PING 0" }
        outbound.leave() shouldBe List(44) { "PING 0" } + "PONG 0" + "CREDIT 1"
    }

    "END behind a REPLY that waits and has the whole body makes one frame" {
        suspend fun answered(write: Outbound.(Lane) -> Unit): List<String> = Outbound(Side.BROKER).let { outbound ->
            outbound.write(outbound.answer(1))
            outbound.take().shouldNotBeNull().map { "${it.type} ${it.length} ${it.flags}" }.also {
                outbound.left()
                outbound.bytes shouldBe 0
            }
        }
        answered {
            offer(it, reply(1, body(5)))
            offer(it, Frame.End(1, 5)) shouldBe Offer.Queued
            chunk(it) shouldBe Offer.Closed
        } shouldBe listOf("REPLY 7 1")
        answered {
            offer(it, reply(1, body(0)))
            offer(it, Frame.End(1, 0))
        } shouldBe listOf("REPLY 2 1")
        // What does not add up is for the other side to see.
        answered {
            offer(it, reply(1, body(5)))
            offer(it, Frame.End(1, 6))
        } shouldBe listOf("REPLY 7 0", "END 8 0")
        answered {
            offer(it, reply(1, body(5)))
            chunk(it)
            offer(it, Frame.End(1, 6))
        } shouldBe listOf("REPLY 7 0", "CHUNK 1 0", "END 8 0")
    }

    "END behind a REPLY that has left is a frame of its own" {
        val outbound = Outbound(Side.BROKER)
        val lane = outbound.answer(1)
        outbound.offer(lane, reply(1, body(5)))
        outbound.leave() shouldBe listOf("REPLY 1")
        outbound.offer(lane, Frame.End(1, 5))
        outbound.leave() shouldBe listOf("END 1")
    }

    "of a request that is abandoned before its START has left, nobody hears" {
        val outbound = Outbound(Side.CLIENT)
        val lane = outbound.ask(10)
        outbound.chunk(lane)
        outbound.grant(lane, 5)
        outbound.abandon(lane, Code.PEACE)
        outbound.bytes shouldBe 0
        outbound.chunk(lane) shouldBe Offer.Closed
        outbound.ask()
        outbound.leave() shouldBe listOf("START 3")
    }

    "a request that is abandoned after its START has left is cancelled, before anything else and once" {
        val outbound = Outbound(Side.CLIENT)
        val (other, lane) = List(2) { outbound.ask() }
        outbound.take().shouldNotBeNull()
        outbound.chunk(other)
        outbound.chunk(lane)
        outbound.grant(lane, 5)
        outbound.abandon(lane, Code.TIMED_OUT)
        outbound.abandon(lane, Code.PEACE)
        outbound.grant(lane, 5)
        val frames = outbound.take().shouldNotBeNull()
        frames.shown() shouldBe listOf("CANCEL 3", "CHUNK 1")
        (frames[0] as Frame.Cancel).code shouldBe 3
        outbound.left()
        outbound.bytes shouldBe 0
    }

    "requests that are opened and abandoned while nothing leaves, leave nothing behind" {
        val outbound = Outbound(Side.BROKER)
        repeat(10_000) { outbound.abandon(outbound.ask(100), Code.PEACE) }
        outbound.bytes shouldBe 0
        outbound.ask()
        outbound.leave() shouldBe listOf("START 20002")
    }

    "a request that is failed says that, and nothing else" {
        val outbound = Outbound(Side.BROKER)
        val lane = outbound.answer(1)
        outbound.offer(lane, reply(1))
        outbound.leave() shouldBe listOf("REPLY 1")
        repeat(3) { outbound.chunk(lane, 1_000) }
        outbound.grant(lane, 7)
        outbound.fail(lane, error(1))
        outbound.fail(lane, error(1))
        outbound.chunk(lane) shouldBe Offer.Closed
        outbound.bytes shouldBe error(1).cost
        outbound.leave() shouldBe listOf("ERROR 1")
    }

    "a request that has been answered cannot be failed, and grants nothing any more" {
        val outbound = Outbound(Side.BROKER)
        val lane = outbound.answer(1)
        outbound.grant(lane, 7)
        outbound.offer(lane, reply(1, flags = Frame.WHOLE))
        outbound.grant(lane, 7)
        outbound.fail(lane, error(1))
        outbound.leave() shouldBe listOf("REPLY 1")
    }

    "of a request that the peer has ended nothing more is said" {
        val outbound = Outbound(Side.CLIENT)
        val lane = outbound.ask()
        outbound.leave()
        outbound.chunk(lane)
        outbound.grant(lane, 5)
        outbound.forget(lane)
        outbound.abandon(lane, Code.PEACE)
        outbound.chunk(lane) shouldBe Offer.Closed
        outbound.bytes shouldBe 0
        outbound.ask()
        outbound.leave() shouldBe listOf("START 3")
    }

    "a question that has been asked wholly can still be cancelled, and its answer granted" {
        for (whole in listOf(true, false)) {
            val outbound = Outbound(Side.CLIENT)
            val lane = outbound.ask(flags = if (whole) Frame.WHOLE else 0)
            if (!whole) outbound.offer(lane, Frame.End(1, 0)) shouldBe Offer.Queued
            outbound.chunk(lane) shouldBe Offer.Closed
            outbound.take().shouldNotBeNull()
            outbound.grant(lane, 5)
            outbound.leave() shouldBe listOf("CREDIT 1")
            outbound.abandon(lane, Code.PEACE)
            outbound.leave() shouldBe listOf("CANCEL 1")
        }
    }

    "what is granted of a request is one frame, behind its START" {
        val outbound = Outbound(Side.BROKER)
        val lane = outbound.ask()
        outbound.grant(lane, 5)
        outbound.grant(lane, 6)
        outbound.leave() shouldBe listOf("START 2")
        (outbound.take().shouldNotBeNull().single() as Frame.Credit).bytes shouldBe 11
        outbound.grant(lane, 7)
        (outbound.take().shouldNotBeNull().single() as Frame.Credit).bytes shouldBe 7
    }

    "only the last ping is answered" {
        val outbound = Outbound(Side.CLIENT)
        repeat(1_000) { outbound.say(Frame.Pong(it.toLong())) }
        (outbound.take().shouldNotBeNull().single() as Frame.Pong).content shouldBe 999
    }

    "bytes are counted until they have left, and bodies for which there is no room are not taken" {
        val outbound = Outbound(Side.BROKER, maxBytes = 1_000)
        val lane = outbound.answer(1)
        outbound.offer(lane, reply(1, body(1_000 - COST - 1))) shouldBe Offer.NoRoom
        outbound.offer(lane, reply(1, body(0))) shouldBe Offer.Queued
        outbound.bytes shouldBe COST + 2
        val left = 1_000 - (COST + 2) - COST
        outbound.chunk(lane, left + 1) shouldBe Offer.NoRoom
        outbound.chunk(lane, left) shouldBe Offer.Queued
        outbound.bytes shouldBe 1_000
        outbound.take().shouldNotBeNull().size shouldBe 2
        outbound.bytes shouldBe 1_000
        outbound.chunk(lane) shouldBe Offer.NoRoom
        outbound.left()
        outbound.bytes shouldBe 0
        outbound.chunk(lane) shouldBe Offer.Queued
    }

    "there is always room for what ends a request, and for no more" {
        val outbound = Outbound(Side.BROKER, maxBytes = 200)
        outbound.ask()
        outbound.open(1_000) { throw AssertionError("there is no room") } shouldBe Offer.NoRoom
        val lanes = List(3) { outbound.answer(2L * it + 1) }
        outbound.offer(lanes[0], reply(1, body(0))) shouldBe Offer.Queued
        outbound.offer(lanes[0], Frame.End(1, 5)) shouldBe Offer.Queued
        outbound.offer(lanes[1], error(3)) shouldBe Offer.Queued
        outbound.fail(lanes[2], error(5))
        outbound.offer(outbound.answer(7), reply(7, body(0))) shouldBe Offer.NoRoom
        outbound.leave() shouldBe listOf("START 2", "REPLY 1", "ERROR 3", "ERROR 5", "END 1")
    }

    "who waits for room goes on when enough has left, was dropped, or the connection is gone" {
        val ways = listOf<suspend (Outbound, Lane) -> Unit>(
            { outbound, _ -> outbound.leave() },
            { outbound, lane -> outbound.abandon(lane, Code.PEACE) },
            { outbound, lane -> outbound.forget(lane) },
            { outbound, _ -> outbound.drop() },
        )
        for (way in ways) {
            coroutineScope {
                val outbound = Outbound(Side.BROKER, maxBytes = 1_100)
                outbound.awaitRoom()
                val lane = outbound.ask(1_000)
                outbound.say(Frame.Ping(1))
                val waiting = launch(start = UNDISPATCHED) { outbound.awaitRoom() }
                waiting.isCompleted shouldBe false
                way(outbound, lane)
                waiting.join()
            }
        }
    }

    "who takes waits for something, and hears of the end" {
        val ways = listOf<Pair<(Outbound) -> Unit, List<String>?>>(
            { it: Outbound ->
                it.ask()
                Unit
            } to listOf("START 1"),
            { it: Outbound -> it.say(Frame.Ping(1)) } to listOf("PING 0"),
            Outbound::close to null,
            Outbound::drop to null,
        )
        for ((way, expected) in ways) {
            coroutineScope {
                val outbound = Outbound(Side.CLIENT)
                val taking = async(start = UNDISPATCHED) { outbound.take() }
                taking.isCompleted shouldBe false
                way(outbound)
                taking.await()?.shown() shouldBe expected
            }
        }
    }

    "a taker that is cancelled takes nothing" {
        coroutineScope {
            val outbound = Outbound(Side.CLIENT)
            val taking = async(start = UNDISPATCHED) { outbound.take() }
            outbound.ask()
            // It has been woken, but has not run again.
            taking.cancel()
            taking.join()
            outbound.leave() shouldBe listOf("START 1")
        }
    }

    "what waits when it is closed still leaves, and no more" {
        val outbound = Outbound(Side.CLIENT)
        val lane = outbound.ask()
        outbound.say(Frame.GoAway(0, Text.of("")))
        outbound.close()
        outbound.close()
        outbound.say(Frame.Ping(1))
        outbound.grant(lane, 1)
        outbound.chunk(lane) shouldBe Offer.Closed
        outbound.open(0) { throw AssertionError("it is closed") } shouldBe Offer.Closed
        outbound.leave() shouldBe listOf("GOAWAY 0", "START 1")
        outbound.take() shouldBe null
    }

    "what waits when the connection is gone is dropped" {
        val outbound = Outbound(Side.CLIENT)
        val lanes = List(3) { outbound.ask(100) }
        outbound.take().shouldNotBeNull()
        outbound.left()
        for (lane in lanes) outbound.chunk(lane)
        outbound.take().shouldNotBeNull()
        outbound.chunk(lanes[0])
        outbound.say(Frame.Pong(1))
        outbound.grant(lanes[1], 1)
        outbound.drop()
        outbound.drop()
        outbound.left()
        outbound.abandon(lanes[0], Code.PEACE)
        outbound.fail(lanes[1], error(3))
        outbound.forget(lanes[2])
        outbound.chunk(lanes[0]) shouldBe Offer.Closed
        outbound.bytes shouldBe 0
        outbound.take() shouldBe null
    }

    "whatever happens in whatever order, what leaves of a request is in order and the bytes add up" {
        for (seed in 0 until 300) {
            val random = Random(seed)
            val outbound = Outbound(Side.CLIENT, maxBytes = random.nextLong(100, 2_000))
            val lanes = mutableListOf<Lane>()
            val heard = mutableListOf<Frame>()
            withClue("seed $seed") {
                repeat(200) {
                    val lane = if (lanes.isEmpty() || random.nextInt(6) == 0) outbound.ask().also(lanes::add) else lanes.random(random)
                    when (random.nextInt(8)) {
                        in 0..3 -> outbound.chunk(lane, random.nextInt(1, 300))

                        4 -> outbound.grant(lane, 1)

                        5 -> outbound.abandon(lane, Code.PEACE)

                        6 -> outbound.offer(lane, Frame.End(lane.id, 0))

                        else -> {
                            // There is always something to take.
                            outbound.say(Frame.Ping(0))
                            heard += checkNotNull(outbound.take()).filter { it.id > 0 }
                            if (random.nextBoolean()) outbound.left()
                        }
                    }
                }
                outbound.close()
                while (true) heard += outbound.take() ?: break
                outbound.left()
                outbound.bytes shouldBe 0
                heard.filterIsInstance<Frame.Start>().map { it.id }.let { it shouldBe it.sorted().distinct() }
                for ((id, frames) in heard.groupBy { it.id }) {
                    withClue("request $id: ${frames.shown()}") {
                        frames.first().shouldBeInstanceOf<Frame.Start>()
                        frames.count { it is Frame.Start } shouldBe 1
                        frames.count { it is Frame.Cancel } shouldBe frames.takeLastWhile { it is Frame.Cancel }.size
                        frames.dropWhile { it !is Frame.End }.count { it is Frame.Chunk } shouldBe 0
                    }
                }
            }
        }
    }

    "with many who offer at once nothing is lost or doubled, and each one's frames stay in order" {
        val outbound = Outbound(Side.CLIENT)
        val each = 2_000
        val heard = mutableListOf<Frame>()
        withContext(Dispatchers.Default) {
            val taking = launch {
                while (true) {
                    heard += outbound.take() ?: break
                    outbound.left()
                }
            }
            List(4) {
                async {
                    val lane = outbound.ask()
                    repeat(each) { size -> outbound.chunk(lane, size + 1) }
                }
            }.awaitAll()
            outbound.close()
            taking.join()
        }
        heard.size shouldBe 4 * (each + 1)
        for (mine in heard.groupBy { it.id }.values) {
            mine.first().shouldBeInstanceOf<Frame.Start>()
            mine.drop(1).map { it.body.remaining() } shouldContainExactly List(each) { it + 1 }
        }
        outbound.bytes shouldBe 0
    }
})
