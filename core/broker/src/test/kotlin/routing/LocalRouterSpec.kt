package io.hawser.broker.routing

import io.hawser.broker.ProviderChoice
import io.hawser.broker.ProviderInfo
import io.hawser.testkit.LeakCheck
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeInstanceOf
import io.kotest.matchers.types.shouldBeSameInstanceAs
import java.util.UUID
import java.util.concurrent.CountDownLatch
import java.util.concurrent.atomic.AtomicInteger
import kotlin.concurrent.thread
import kotlin.random.Random

/** Somebody who is chosen, and never asked. */
@OptIn(RoutingApi::class)
internal class Target(override val peerId: Long, override val capacity: Int) : RequestTarget {
    override fun forward(request: ForwardedRequest, replies: Replies): Forwarding? = null

    override fun toString(): String = "target $peerId"
}

/** Who is chosen, and when a place is free. */
@OptIn(RoutingApi::class)
class LocalRouterSpec : StringSpec({
    extension(LeakCheck)

    val channel = UUID(1, 1)

    fun LocalRouter.chosen(): Choice.Chosen = choose(channel).shouldBeInstanceOf<Choice.Chosen>()

    fun LocalRouter.chosenId() = chosen().target.peerId

    "there is nobody until somebody registers, and again when he has left" {
        val router = LocalRouter(ProviderChoice.leastInFlight)
        router.choose(channel) shouldBeSameInstanceAs Choice.Nobody
        val target = Target(1, 1)
        val registration = router.register(channel, target)
        router.size shouldBe 1
        router.choose(UUID(2, 2)) shouldBeSameInstanceAs Choice.Nobody
        router.chosen().target shouldBeSameInstanceAs target
        repeat(2) { registration.close() }
        router.choose(channel) shouldBeSameInstanceAs Choice.Nobody
        router.size shouldBe 0
    }

    "nobody gets more than its capacity, and a place that is given back is there again" {
        val router = LocalRouter(ProviderChoice.leastInFlight)
        router.register(channel, Target(1, 2))
        val places = List(2) { router.chosen() }
        repeat(2) { router.choose(channel) shouldBeSameInstanceAs Choice.Full }
        places.forEach(router::release)
        List(2) { router.chosenId() } shouldBe listOf(1L, 1L)
        router.choose(channel) shouldBeSameInstanceAs Choice.Full
    }

    "each in turn where they are equal" {
        val router = LocalRouter(ProviderChoice.leastInFlight)
        for (id in 1L..3L) router.register(channel, Target(id, 10))
        val held = List(6) { router.chosen() }
        held.map { it.target.peerId }.sorted() shouldBe listOf(1L, 1L, 2L, 2L, 3L, 3L)
        held.forEach(router::release)
        // Idle ones too: the first is not asked for ever.
        val idle = List(6) { router.chosen().also(router::release).target.peerId }
        idle.take(3).sorted() shouldBe listOf(1L, 2L, 3L)
        idle.drop(3) shouldBe idle.take(3)
    }

    "who has the fewest is next, if he has room" {
        val router = LocalRouter(ProviderChoice.leastInFlight)
        for (id in 1L..3L) router.register(channel, Target(id, if (id == 1L) 2 else 5))
        val held = List(6) { router.chosen() }
        // 1 has all that it can take. 3 gets two places back.
        held.filter { it.target.peerId == 3L }.forEach(router::release)
        List(2) { router.chosenId() } shouldBe listOf(3L, 3L)
        List(6) { router.chosenId() }.groupingBy { it }.eachCount() shouldBe mapOf(2L to 3, 3L to 3)
        router.choose(channel) shouldBeSameInstanceAs Choice.Full
    }

    "one who comes between two requests is seen, and so is one who goes" {
        val router = LocalRouter(ProviderChoice.leastInFlight)
        router.register(channel, Target(1, 5))
        router.chosen()
        val second = router.register(channel, Target(2, 5))
        router.chosenId() shouldBe 2
        second.close()
        List(4) { router.chosenId() }.distinct() shouldBe listOf(1L)
        router.choose(channel) shouldBeSameInstanceAs Choice.Full
    }

    "a channel's targets are its own, and the same one may answer on several" {
        val router = LocalRouter(ProviderChoice.leastInFlight)
        val both = Target(1, 1)
        val registrations = List(3) { router.register(UUID(9, it.toLong()), both) }
        router.size shouldBe 3
        val places = List(3) { router.choose(UUID(9, it.toLong())).shouldBeInstanceOf<Choice.Chosen>() }
        repeat(3) { router.choose(UUID(9, it.toLong())) shouldBeSameInstanceAs Choice.Full }
        router.release(places[1])
        router.choose(UUID(9, 1)).shouldBeInstanceOf<Choice.Chosen>()
        router.choose(UUID(9, 0)) shouldBeSameInstanceAs Choice.Full
        registrations.forEach { it.close() }
        router.size shouldBe 0
    }

    "one who has gone is not chosen any more, and what others have is theirs" {
        val router = LocalRouter(ProviderChoice.leastInFlight)
        val registration = router.register(channel, Target(1, 3))
        val places = List(2) { router.chosen() }
        router.gone(places[0])
        router.choose(channel) shouldBeSameInstanceAs Choice.Nobody
        router.size shouldBe 0
        // The connection ends, and the other request with it.
        registration.close()
        router.release(places[1])
        router.choose(channel) shouldBeSameInstanceAs Choice.Nobody
        router.size shouldBe 0
        router.register(channel, Target(1, 1))
        router.chosenId() shouldBe 1
    }

    "the listener is told of whoever comes, goes, is gone, or has a place again, and can look at once" {
        val router = LocalRouter(ProviderChoice.leastInFlight)
        val told = ArrayList<String>()
        router.onChange {
            it shouldBe channel
            told += when (val seen = router.choose(channel)) {
                is Choice.Chosen -> "${seen.target}"
                Choice.Full -> "full"
                Choice.Nobody -> "nobody"
            }
        }
        val registration = router.register(channel, Target(1, 1))
        told shouldBe listOf("target 1")
        val another = router.register(channel, Target(2, 1))
        told.drop(1) shouldBe listOf("target 2")
        router.choose(channel) shouldBeSameInstanceAs Choice.Full
        another.close()
        told.drop(2) shouldBe listOf("full")
        another.close()
        registration.close()
        told.drop(3) shouldBe listOf("nobody")
        router.onChange { told += "other" }
        val third = router.register(channel, Target(3, 1))
        val place = router.chosen()
        router.release(place)
        router.gone(router.chosen())
        third.close()
        told.drop(4) shouldBe listOf("other", "other", "other")
    }

    "a choice of one's own sees those that have room, and what they have" {
        val seen = ArrayList<List<String>>()
        val router = LocalRouter { providers ->
            seen += providers.map { "$it" }
            providers.lastIndex
        }
        router.register(channel, Target(1, 1))
        router.register(channel, Target(2, 2))
        List(3) { router.chosenId() } shouldBe listOf(2L, 2L, 1L)
        router.choose(channel) shouldBeSameInstanceAs Choice.Full
        seen shouldBe listOf(
            listOf("provider 1 (0 of 1)", "provider 2 (0 of 2)"),
            listOf("provider 1 (0 of 1)", "provider 2 (1 of 2)"),
            listOf("provider 1 (0 of 1)"),
        )
    }

    val wrong = mapOf<String, (List<ProviderInfo>) -> Int>(
        "is too high" to { it.size },
        "is negative" to { -1 },
        "throws" to { error("no choice") },
    )
    for ((what, choice) in wrong) {
        "a choice that $what takes the first one, and nobody's place is lost" {
            val router = LocalRouter(ProviderChoice(choice))
            for (id in 1L..2L) router.register(channel, Target(id, 1))
            val places = List(2) { router.chosen() }
            places.map { it.target.peerId } shouldBe listOf(1L, 2L)
            router.choose(channel) shouldBeSameInstanceAs Choice.Full
            places.forEach(router::release)
            List(2) { router.chosenId() } shouldBe listOf(1L, 2L)
        }
    }

    "round robin goes on whatever they have to do, and chance takes whoever has room" {
        val turns = LocalRouter(ProviderChoice.roundRobin())
        for (id in 1L..3L) turns.register(channel, Target(id, 100))
        List(7) { turns.chosenId() } shouldBe listOf(1L, 2L, 3L, 1L, 2L, 3L, 1L)
        val chance = LocalRouter(ProviderChoice.random(Random(1)))
        for (id in 1L..3L) chance.register(channel, Target(id, 20))
        List(60) { chance.chosenId() }.groupingBy { it }.eachCount() shouldBe mapOf(1L to 20, 2L to 20, 3L to 20)
        chance.choose(channel) shouldBeSameInstanceAs Choice.Full
    }

    for ((name, choice) in mapOf("least in flight" to ProviderChoice.leastInFlight, "round robin" to ProviderChoice.roundRobin())) {
        "many at once never take more than there is, with $name" {
            val router = LocalRouter(choice)
            val targets = List(3) { Target(it.toLong(), it + 1) }
            val registrations = targets.map { router.register(channel, it) }
            val held = List(3) { AtomicInteger() }
            val most = AtomicInteger()
            val start = CountDownLatch(1)
            val threads = List(4) {
                thread {
                    start.await()
                    repeat(20_000) {
                        val place = router.choose(channel) as? Choice.Chosen ?: return@repeat
                        val count = held[place.target.peerId.toInt()]
                        most.accumulateAndGet(count.incrementAndGet() - place.target.capacity, ::maxOf)
                        count.decrementAndGet()
                        router.release(place)
                    }
                }
            }
            start.countDown()
            threads.forEach { it.join() }
            most.get() shouldBe 0
            List(6) { router.chosenId() }.groupingBy { it }.eachCount() shouldBe mapOf(0L to 1, 1L to 2, 2L to 3)
            router.choose(channel) shouldBeSameInstanceAs Choice.Full
            registrations.forEach { it.close() }
            router.size shouldBe 0
        }
    }
})
