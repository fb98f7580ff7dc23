package io.hawser.broker.serving

import io.hawser.broker.BrokerOptions
import io.hawser.broker.Outcome
import io.hawser.broker.Role
import io.hawser.broker.routing.ForwardedRequest
import io.hawser.broker.routing.Forwarding
import io.hawser.broker.routing.LocalRouter
import io.hawser.broker.routing.Replies
import io.hawser.broker.routing.RequestTarget
import io.hawser.broker.routing.RoutingApi
import io.hawser.broker.wire.Frame
import io.hawser.broker.wire.HeaderBlock
import io.hawser.broker.wire.body
import io.hawser.testkit.LeakCheck
import io.hawser.testkit.Memory
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe
import java.nio.ByteBuffer
import java.util.UUID
import java.util.concurrent.ConcurrentLinkedQueue
import java.util.concurrent.atomic.AtomicBoolean
import java.util.concurrent.atomic.AtomicInteger
import java.util.concurrent.atomic.AtomicReference
import kotlin.concurrent.thread
import kotlin.random.Random
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.minutes
import kotlinx.coroutines.delay
import kotlinx.coroutines.withTimeoutOrNull

/** Requests that wait for a place, and places that wait for requests. */
@OptIn(RoutingApi::class)
class LineSpec : StringSpec({
    extension(LeakCheck)

    /** Has [block] race with the other thread, often. */
    fun races(block: (Scene, Int, (() -> Unit, () -> Unit) -> Unit) -> Unit) {
        Scene().use { scene ->
            Beside().use { beside -> repeat(RACES) { n -> block(scene, n) { other, own -> beside.together(n, other, own) } } }
            scene.failures.firstOrNull()?.let { throw it }
            scene.office.stats().run { listOf(inFlight, waiting) } shouldBe listOf(0, 0)
        }
    }

    "who joins the line while the place that he waits for is given back is not left there" {
        races { scene, n, together ->
            if (n == 0) scene.router.register(scene.channel.id, scene.Place(1, capacity = 1))
            scene.ask(4L * n + 1, 0)
            val first = scene.given.remove()
            together({ first.answer() }, { scene.ask(4L * n + 3, 0) })
            checkNotNull(scene.given.poll()) { "left in line in round $n: ${scene.channel.stats()}" }.answer()
        }
    }

    "who joins the line while somebody comes who answers is not left there" {
        races { scene, n, together ->
            var registration: AutoCloseable? = null
            val place = scene.Place(1, capacity = 1)
            together({ registration = scene.router.register(scene.channel.id, place) }, { scene.ask(2L * n + 1, Frame.WAIT) })
            checkNotNull(scene.given.poll()) { "left in line in round $n: ${scene.channel.stats()}" }.answer()
            registration?.close()
        }
    }

    "who joins the line while the last one goes who answers is told so" {
        races { scene, n, together ->
            val registration = scene.router.register(scene.channel.id, scene.Place(1, capacity = 1))
            scene.ask(4L * n + 1, 0)
            together({ registration.close() }, { scene.ask(4L * n + 3, 0) })
            check(scene.channel.line.isEmpty) { "left in line in round $n: ${scene.channel.stats()}" }
            scene.office.stats().outcomes[Outcome.NO_PROVIDER] shouldBe n + 1L
            scene.given.remove().answer()
        }
    }

    "nobody waits while there is room, whoever asks, answers, comes, goes and is lost at once" {
        repeat(ROUNDS) { seed -> withClue("seed $seed") { Crowd(seed).run() } }
    }
})

private const val ROUNDS = 3
private const val RACES = 3_000

/** A channel, one who asks there, and what has been given to those who answer. */
@OptIn(RoutingApi::class)
private class Scene : AutoCloseable {
    val office = Office(BrokerOptions { maxRepeats = 1 })
    val router = office.router as LocalRouter
    val given = ConcurrentLinkedQueue<Pair<Place, Replies>>()
    val failures = ConcurrentLinkedQueue<Throwable>()
    private val ends = Memory.pair()
    private val asker = Peer(ends.first, office)
    val channel = checkNotNull(office.enter(UUID(3, 3), Role.CONSUMER))

    fun ask(id: Long, flags: Int) {
        office.begin(channel)
        val start = Frame.Start(id, Frame.WHOLE or flags, handle = 1, timeoutMs = 0, HeaderBlock.EMPTY, body("q"))
        Exchange(office, asker, channel, start, asker.now() + 10.minutes.inWholeNanoseconds).begin()
    }

    override fun close() {
        asker.outbound.drop()
        ends.first.close()
        ends.second.close()
    }

    /** Who takes what he is given, and has others answer it, unless he is gone. */
    inner class Place(override val peerId: Long, override val capacity: Int) : RequestTarget {
        val held = AtomicInteger()

        @Volatile
        var isGone = false

        override fun forward(request: ForwardedRequest, replies: Replies): Forwarding? {
            if (isGone) return null
            val count = held.incrementAndGet()
            if (count > capacity) failures += AssertionError("$count of $capacity")
            given += this to replies
            return Heard
        }
    }

    private object Heard : Forwarding {
        override val opening get() = Forwarding.Room.Taken

        override fun chunk(bytes: ByteBuffer) = Forwarding.Room.Taken

        override fun end(total: Long) {}

        override fun credit(bytes: Int) {}

        override fun cancel(isLate: Boolean) {}
    }
}

@OptIn(RoutingApi::class)
private fun Pair<Scene.Place, Replies>.answer() {
    first.held.decrementAndGet()
    second.reply(HeaderBlock.EMPTY.asBuffer(), ByteBuffer.allocate(0), isWhole = true)
}

/** A thread that does things at the same time as its owner, sometimes a bit earlier, sometimes a bit later. */
private class Beside : AutoCloseable {
    private val task = AtomicReference<(() -> Unit)?>()
    private val isReady = AtomicBoolean()
    private val isEnd = AtomicBoolean()

    @Volatile
    private var failure: Throwable? = null

    private val thread = thread {
        while (!isEnd.get()) {
            val next = task.get() ?: continue
            isReady.set(true)
            while (isReady.get()) Thread.onSpinWait()
            try {
                next()
            } catch (e: Throwable) {
                failure = e
            }
            task.set(null)
        }
    }

    fun together(round: Int, other: () -> Unit, own: () -> Unit) {
        val ahead = round % 64
        task.set {
            repeat(64 - ahead) { Thread.onSpinWait() }
            other()
        }
        while (!isReady.get()) Thread.onSpinWait()
        isReady.set(false)
        repeat(ahead) { Thread.onSpinWait() }
        own()
        while (task.get() != null) Thread.onSpinWait()
        failure?.let { throw it }
    }

    override fun close() {
        isEnd.set(true)
        thread.join()
    }
}

/** Threads that ask, that answer, and that come and go, around one channel. */
@OptIn(RoutingApi::class)
private class Crowd(private val seed: Int) {
    private val scene = Scene()
    private val office = scene.office
    private val channel = scene.channel
    private val done = AtomicBoolean()

    suspend fun run() {
        try {
            val steady = scene.Place(1, capacity = 1)
            val registration = scene.router.register(channel.id, steady)
            val askers = List(2) { n -> worker { repeat(REQUESTS) { ask(2L * it + 1 + n * 2L * REQUESTS) } } }
            val answering = List(2) { n -> worker { answer(Random(31 * seed + n)) } }
            val restless = worker { comeAndGo() }
            (askers + restless).forEach { it.join() }
            // Only who stays answers now, and nothing else happens on the channel.
            val all = 2L * REQUESTS
            val ended = withTimeoutOrNull(1.minutes) { while (office.stats().outcomes.values.sum() < all) delay(1.milliseconds) }
            done.set(true)
            answering.forEach { it.join() }
            scene.failures.firstOrNull()?.let { throw it }
            withClue("${office.stats()}; ${channel.stats()}; ${scene.given.size} are not answered") { (ended != null) shouldBe true }
            office.stats().run { listOf(inFlight, waiting) + requests } shouldBe listOf(0, 0, all)
            listOf(channel.line.size, channel.inFlight.get(), steady.held.get()) shouldBe List(3) { 0 }
            registration.close()
            scene.router.size shouldBe 0
        } finally {
            done.set(true)
            scene.close()
        }
        office.budget.bytes shouldBe 0
    }

    private fun worker(block: () -> Unit) = thread {
        try {
            block()
        } catch (e: Throwable) {
            scene.failures += e
        }
    }

    private fun ask(id: Long): Unit = scene.ask(id, Frame.WAIT or if (id % 3 == 0L) Frame.IDEMPOTENT else 0)

    private fun answer(random: Random) {
        while (!done.get()) {
            val next = scene.given.poll() ?: continue
            val chance = random.nextInt(10)
            if (chance > 1) {
                next.answer()
                continue
            }
            next.first.held.decrementAndGet()
            if (chance == 0) next.second.lost() else next.second.error(1, "by lot")
        }
    }

    private fun comeAndGo() {
        repeat(REQUESTS / 4) { n ->
            val place = scene.Place(n + 2L, capacity = 1 + n % 3)
            val registration = scene.router.register(channel.id, place)
            if (n % 2 == 0) Thread.yield()
            place.isGone = n % 3 == 0
            registration.close()
        }
    }

    private companion object {
        const val REQUESTS = 1_000
    }
}
