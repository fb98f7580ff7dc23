package io.hawser.engine

import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.shouldBe
import java.lang.ref.WeakReference
import kotlin.random.Random

class TimerQueueSpec : StringSpec({
    "an empty queue has nothing to give" {
        val queue = TimerQueue<Entry>()
        queue.peek() shouldBe null
        queue.poll() shouldBe null
        queue.remove(Entry(1))
        queue.size shouldBe 0
    }

    "timers come out when they are due, those of one instant in the order they were added" {
        val queue = TimerQueue<Entry>()
        val random = Random(1)
        val added = List(5_000) { Entry(random.nextLong(50)).also(queue::add) }
        queue.drain().shouldContainExactly(added.sortedBy { it.due })
    }

    "a clock that overflows keeps the order" {
        val queue = TimerQueue<Entry>()
        val dues = List(100) { Long.MAX_VALUE - 50 + it }
        dues.shuffled(Random(2)).forEach { queue.add(Entry(it)) }
        queue.drain().map { it.due }.shouldContainExactly(dues)
    }

    "a timer can be added again once it is out, and not before" {
        val queue = TimerQueue<Entry>()
        val entry = Entry(1)
        queue.add(entry)
        shouldThrow<IllegalStateException> { queue.add(entry) }
        queue.remove(entry)
        queue.remove(entry)
        queue.size shouldBe 0
        queue.add(entry)
        queue.poll() shouldBe entry
        entry.isQueued shouldBe false
    }

    "what is added and removed at random comes out as from a sorted list" {
        for (seed in 1..20) {
            val random = Random(seed)
            val queue = TimerQueue<Entry>()
            val model = mutableListOf<Entry>()
            repeat(20_000) { step ->
                // The queue grows for a while, then shrinks to nothing, and so on.
                val growing = step / 1_000 % 2 == 0
                when {
                    random.nextInt(10) < (if (growing) 7 else 2) -> {
                        val entry = Entry(random.nextLong(200))
                        queue.add(entry)
                        val later = model.indexOfFirst { it.due > entry.due }
                        model.add(if (later < 0) model.size else later, entry)
                    }

                    random.nextBoolean() -> queue.poll() shouldBe model.removeFirstOrNull()

                    model.isNotEmpty() -> queue.remove(model.removeAt(random.nextInt(model.size)))
                }
                queue.size shouldBe model.size
                queue.peek() shouldBe model.firstOrNull()
            }
            queue.drain().shouldContainExactly(model)
        }
    }

    "what has left the queue is not held by it" {
        val queue = TimerQueue<Entry>()
        var entries: List<Entry>? = List(1_000) { Entry(it % 7L).also(queue::add) }
        val gone = entries.orEmpty().map { WeakReference(it) }
        entries.orEmpty().shuffled(Random(3)).take(500).forEach(queue::remove)
        entries = null
        while (queue.poll() != null) Unit
        repeat(50) { if (gone.any { it.get() != null }) System.gc() }
        gone.mapNotNull { it.get() }.shouldBeEmpty()
    }
})

private class Entry(due: Long) : Timed(due) {
    override fun toString(): String = "due at $due"
}

private fun TimerQueue<Entry>.drain(): List<Entry> = generateSequence { poll() }.toList()
