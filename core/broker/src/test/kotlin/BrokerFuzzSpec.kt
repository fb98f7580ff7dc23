package io.hawser.broker

import io.hawser.broker.wire.Code
import io.hawser.broker.wire.Frame
import io.hawser.broker.wire.FrameWriter
import io.hawser.broker.wire.HeaderBlock
import io.hawser.broker.wire.Text
import io.hawser.broker.wire.body
import io.hawser.reconnect.Backoff
import io.hawser.reconnect.LinkOptions
import io.hawser.testkit.LeakCheck
import io.hawser.testkit.VirtualTime
import io.hawser.testkit.virtualTime
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.collections.shouldContainAll
import io.kotest.matchers.shouldBe
import java.io.IOException
import java.util.UUID
import kotlin.random.Random
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.minutes
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.delay
import kotlinx.coroutines.joinAll
import kotlinx.coroutines.launch

/** A broker among peers who say whatever comes to their minds, while two others go on with what they do. */
class BrokerFuzzSpec : StringSpec({
    extension(LeakCheck)

    "whatever some say, it harms nobody else, and nothing of it is left" {
        val outcomes = HashMap<Outcome, Long>()
        val violations = HashMap<Code, Int>()
        repeat(SEEDS) { seed ->
            withClue("seed $seed") {
                virtualTime {
                    val bedlam = Bedlam(this, seed)
                    bedlam.run().forEach { (outcome, count) -> outcomes.merge(outcome, count, Long::plus) }
                    bedlam.sentAway.forEach { violations.merge(it, 1, Int::plus) }
                }
            }
        }
        // All of it has happened often enough to mean something.
        withClue("$outcomes") { outcomes.filterValues { it >= SEEDS }.keys shouldContainAll Outcome.entries - Outcome.CUT }
        withClue("$violations") {
            violations.keys shouldContainAll listOf(Code.MALFORMED, Code.FRAME_TOO_LARGE, Code.CREDIT, Code.ID, Code.ORDER)
        }
    }
})

private const val SEEDS = 20
private const val WILD = 5
private const val LIVES = 12
private const val REQUESTS = 100
private const val WINDOW = 4_096

private class Bedlam(private val time: VirtualTime, private val seed: Int) {
    private val random = Random(seed)
    private val calm = UUID(seed.toLong(), 7)
    private val channels = List(3) { UUID(seed.toLong(), it.toLong()) }
    private val flaws = ArrayList<String>()
    private val eager = LinkOptions { backoff = Backoff.constant(1.milliseconds) }

    /** For what broken lives were ended by the broker. */
    val sentAway = ArrayList<Code>()

    suspend fun run(): Map<Outcome, Long> {
        val options = BrokerOptions {
            window = WINDOW
            maxHeaders = 200
            maxInFlightPerConnection = 12
            maxWaiting = 20
            maxFrame = 20_000
            maxQueuedBytes = 40_000
            maxRegistrations = 5
            maxRepeatable = 2_000
            helloTimeout = 2.seconds
            pingEvery = 3.seconds
            pingTimeout = 1.seconds
        }
        val broker = Broker(time.server(), options).start(time)
        val calmPair = time.launch { calmly(broker) }
        val wild = List(WILD) { number -> time.launch { repeat(LIVES) { live(broker, Random(1_000L * seed + 100 * number + it)) } } }
        (wild + calmPair).joinAll()
        while (broker.peers.isNotEmpty()) delay(1.milliseconds)
        flaws.shouldBeEmpty()
        val stats = broker.stats
        stats.run { listOf(peers, inFlight, waiting, bytes.toInt(), channels.size, providers, consumers) } shouldBe List(7) { 0 }
        stats.requests shouldBe stats.outcomes.values.sum()
        broker.close()
        return stats.outcomes
    }

    private suspend fun calmly(broker: Broker) = coroutineScope {
        val provider = Provider(time.client(broker.handle), calm, ProviderOptions { link = eager })
            .start(this) { request -> request.body.collect { send(it) } }
        provider.awaitRegistered()
        Consumer(time.client(broker.handle), calm, ConsumerOptions { link = eager }).start(this).use { consumer ->
            repeat(REQUESTS) { n ->
                val question = random.nextBytes(if (n % 10 == 0) random.nextInt(3 * WINDOW) else random.nextInt(300))
                val answer = consumer.request(question, 1.minutes)
                if (!answer.contentEquals(question)) flaws += "${answer.size} bytes for ${question.size}"
                delay(random.nextInt(20).milliseconds)
            }
        }
        provider.close()
    }

    private suspend fun live(broker: Broker, random: Random) = time.client(broker.handle).connect { connection ->
        val life = Life(RawPeer(connection), random, channels)
        coroutineScope {
            val hearing = launch {
                try {
                    life.hear()
                } catch (_: IOException) {
                    // Whoever has been cut off hears no more.
                }
            }
            try {
                life.speak()
                if (random.nextBoolean()) delay(random.nextInt(6_000).milliseconds)
            } catch (_: IOException) {
                // It has been sent away.
            }
            if (random.nextInt(4) > 0) delay(5.milliseconds)
            hearing.cancel()
        }
        life.sentAway?.let { sentAway += it }
        flaws += life.flaws
    }
}

/** What a peer knows of a request that it asks or answers. */
private class Known(var mayBeSaid: Long = WINDOW.toLong(), var said: Long = 0, var hasBegun: Boolean = false)

/** One connection of somebody who mostly says what may be said. */
private class Life(private val peer: RawPeer, private val random: Random, private val channels: List<UUID>) {
    private val asked = HashMap<Long, Known>()
    private val given = HashMap<Long, Known>()
    private val asking = ArrayList<Long>()
    private val isOver = HashSet<Long>()
    private var handles = 0L
    private var lastAsked = -1L
    val flaws = ArrayList<String>()
    var sentAway: Code? = null

    suspend fun hear() {
        while (true) {
            val frame = peer.hear() ?: return
            when (frame) {
                is Frame.Start -> given[frame.id] = Known()
                is Frame.Cancel -> given.remove(frame.id)
                is Frame.Credit -> (asked[frame.id] ?: given[frame.id])?.let { it.mayBeSaid += frame.bytes }
                is Frame.Registered -> if (frame.code == 0 && frame.id % 2 == 1L) asking += frame.id
                is Frame.GoAway -> sentAway = Code.of(frame.code)
                is Frame.Reply, is Frame.Chunk, is Frame.End, is Frame.Error -> if (frame.id % 2 == 1L) answered(frame)
                else -> Unit
            }
            if (random.nextInt(100) == 0) delay(random.nextInt(50).milliseconds)
            if (random.nextInt(1_000) == 0) delay(30.seconds)
        }
    }

    private fun answered(frame: Frame) {
        if (frame.id in isOver) flaws += "$frame behind the end"
        if (!frame.isLast) return
        isOver += frame.id
        asked -= frame.id
    }

    suspend fun speak() {
        if (random.nextInt(30) == 0) return peer.say(anything())
        peer.say(Frame.ClientHello(1, 1, HeaderBlock.EMPTY))
        repeat(1 + random.nextInt(3)) { peer.say(register()) }
        repeat(random.nextInt(150)) {
            if (random.nextInt(3) == 0) delay(random.nextInt(8).milliseconds)
            peer.say(if (random.nextInt(120) == 0) anything() else sensible())
        }
        if (random.nextInt(20) == 0) peer.say(Frame.GoAway(0, Text.of("")))
        if (random.nextInt(10) == 0) peer.connection.write(FrameWriter.encode(listOf(sensible())).first().limit(7))
    }

    /** Odd handles ask. */
    private fun register(): Frame {
        val asks = random.nextBoolean()
        handles += if (handles % 2 == (if (asks) 0L else 1L)) 1 else 2
        val role = if (asks) Role.CONSUMER else Role.PROVIDER
        return Frame.Register(handles, role, channels.random(random), if (asks) 0 else 1 + random.nextInt(4), ByteArray(0))
    }

    private fun sensible(): Frame {
        val question = asked.entries.filter { it.value.hasBegun }.randomOrNull(random)
        val answer = given.entries.randomOrNull(random)
        return when (random.nextInt(16)) {
            in 0..3 -> start() ?: Frame.Ping(1)

            4, 5 -> question?.let { (id, known) -> chunk(id, known) } ?: Frame.Pong(0)

            6 -> question?.let { (id, known) ->
                known.hasBegun = false
                end(id, known)
            } ?: register()

            7 -> asked.keys.randomOrNull(random)?.let { id ->
                asked -= id
                Frame.Cancel(id, if (random.nextBoolean()) 0 else Code.TIMED_OUT.number)
            } ?: Frame.Ping(2)

            8 -> (asked.keys + given.keys).randomOrNull(random)?.let { Frame.Credit(it, 1 + random.nextInt(2 * WINDOW)) } ?: Frame.Ping(3)

            else -> answer?.let { (id, known) -> answer(id, known) } ?: start() ?: Frame.Ping(4)
        }
    }

    private fun start(): Frame? {
        val handle = asking.randomOrNull(random) ?: return null
        lastAsked += 2 * (1 + random.nextInt(2))
        val flags = listOf(Frame.WHOLE, Frame.WAIT, Frame.IDEMPOTENT).filter { random.nextBoolean() }.fold(0, Int::or) or
            if (random.nextInt(20) == 0) Frame.PROBE else 0
        val headers = if (random.nextInt(20) == 0) HeaderBlock.of(mapOf("x" to "y".repeat(250))) else HeaderBlock.EMPTY
        val known = Known(hasBegun = flags and Frame.WHOLE == 0)
        asked[lastAsked] = known
        val timeoutMs = if (random.nextInt(3) == 0) 0L else 1L + random.nextInt(200)
        return Frame.Start(lastAsked, flags, handle, timeoutMs, headers, some(known, smallest = 0))
    }

    private fun answer(id: Long, known: Known): Frame {
        val isLast = random.nextInt(3) == 0
        if (isLast) given -= id
        if (isLast && random.nextInt(4) == 0) return Frame.Error(id, 0, random.nextInt(50), Text.of("by lot"))
        if (!known.hasBegun) {
            known.hasBegun = true
            val headers = if (random.nextInt(20) == 0) HeaderBlock.of(mapOf("x" to "y".repeat(250))) else HeaderBlock.EMPTY
            return Frame.Reply(id, if (isLast) Frame.WHOLE else 0, headers, some(known, smallest = 0))
        }
        return if (isLast) end(id, known) else chunk(id, known)
    }

    private fun chunk(id: Long, known: Known): Frame {
        if (known.said >= known.mayBeSaid && random.nextInt(20) > 0) return Frame.Ping(5)
        return Frame.Chunk(id, some(known, smallest = 1))
    }

    private fun some(known: Known, smallest: Int) = body(
        maxOf(minOf(random.nextInt(2_000).toLong(), known.mayBeSaid - known.said).toInt(), smallest).also { known.said += it },
    )

    private fun end(id: Long, known: Known) = Frame.End(id, if (random.nextInt(10) == 0) known.said + 1 else known.said)

    /** What may not be. */
    private fun anything(): Frame {
        val id = if (random.nextBoolean()) random.nextLong(-2, 60) else random.nextLong()
        return when (random.nextInt(12)) {
            0 -> Frame.Start(id, random.nextInt(16), random.nextLong(0, 5), 0, HeaderBlock.EMPTY, body(10))
            1 -> Frame.Reply(id, random.nextInt(4), HeaderBlock.EMPTY, body(10))
            2 -> Frame.Chunk(id, body(1 + random.nextInt(200_000)))
            3 -> Frame.End(id, random.nextLong())
            4 -> Frame.Error(id, 0, random.nextInt(), Text.of("?"))
            5 -> Frame.Cancel(id, random.nextInt())
            6 -> Frame.Credit(id, random.nextInt())
            7 -> Frame.ClientHello(1, 1, HeaderBlock.EMPTY)
            8 -> Frame.GoAway(random.nextInt(3), Text.of("bye"))
            9 -> Frame.Registered(id, 0, Text.of(""))
            10 -> Frame.Register(id, Role.PROVIDER, channels.random(random), random.nextInt(-1, 3), ByteArray(0))
            else -> given.keys.randomOrNull(random)?.let { Frame.Chunk(it, body(2 * WINDOW)) } ?: Frame.Credit(1, Int.MAX_VALUE)
        }
    }
}
