package io.hawser.reconnect

import io.hawser.reconnect.Places.Grant
import io.hawser.reconnect.Places.Kept
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe
import kotlin.concurrent.thread

/** Whatever several threads do at once, they could have done one after the other. */
class PlacesSpec : StringSpec({
    "what is given back while somebody leaves the queue is never lost" {
        repeat(ROUNDS) {
            val places = Places<String>(1)
            places.enter()
            check(places.made("it"))
            val leaving = places.enter()
            val threads = listOf(
                thread { places.giveBack("it") },
                thread { places.settle(places.leave(leaving)) },
                thread { places.settle(places.leave(places.enter())) },
            )
            threads.forEach(Thread::join)
            check(listOf(places.size, places.idle, places.waiting) == listOf(1, 1, 0)) { places.counts() }
        }
    }

    "a place that becomes free reaches whoever waits" {
        repeat(ROUNDS) {
            val places = Places<String>(1)
            places.enter()
            check(places.made("it"))
            val waiting = places.enter()
            val threads = listOf(
                thread { if (places.retire("it")) places.closed() },
                thread { places.settle(places.leave(places.enter())) },
            )
            threads.forEach(Thread::join)
            check(places.leave(waiting) == Grant.Empty) { places.counts() }
        }
    }

    "nothing is left after a cut, whatever goes on meanwhile" {
        repeat(ROUNDS) {
            val places = Places<String>(2, minIdle = 1)
            places.enter()
            check(places.made("lent"))
            val threads = listOf(
                thread { if (places.retire("lent")) places.closed() },
                thread { if (places.add() && places.added("idle") == Kept.Refused) places.closed() },
                thread { repeat(places.cut().size) { places.closed() } },
            )
            threads.forEach(Thread::join)
            check(places.size == 0 && places.over.isCompleted) { places.counts() }
            check(places.leave(places.enter()) == Grant.Refused)
        }
    }

    "there are never more than there may be" {
        val places = Places<String>(2, minIdle = 2)
        places.add() shouldBe true
        places.add() shouldBe true
        places.add() shouldBe false
        val waiting = places.enter()
        places.leave(waiting) shouldBe null
        places.added("first") shouldBe Kept.Idle
        val other = places.enter()
        places.leave(other) shouldBe Grant.Lent("first")
        val behind = places.enter()
        val again = places.enter(again = true)
        places.notAdded()
        places.leave(again) shouldBe Grant.Empty
        places.leave(behind) shouldBe null
    }
})

private fun Places<String>.settle(grant: Grant<String>?) {
    when (grant) {
        is Grant.Lent -> giveBack(grant.thing)
        Grant.Empty -> notMade()
        Grant.Refused, null -> Unit
    }
}

private fun Places<*>.counts() = "size $size, idle $idle, borrowed $borrowed, waiting $waiting"

private const val ROUNDS = 2_000
