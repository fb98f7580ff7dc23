package io.hawser.broker.link

import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe
import java.util.concurrent.atomic.AtomicInteger
import kotlinx.coroutines.CoroutineStart.UNDISPATCHED
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.launch
import kotlinx.coroutines.withContext

class CreditSpec : StringSpec({
    "as much is taken as there is" {
        val credit = Credit(100)
        credit.take(30) shouldBe 30
        credit.take(1_000) shouldBe 70
        credit.add(5) shouldBe true
        credit.take(Int.MAX_VALUE) shouldBe 5
    }

    "who takes waits until there is some" {
        coroutineScope {
            val credit = Credit(10)
            credit.take(10)
            val taking = async(start = UNDISPATCHED) { credit.take(100) }
            taking.isCompleted shouldBe false
            credit.add(3)
            credit.add(4)
            taking.await() shouldBe 7
        }
    }

    "one that is cancelled takes nothing, even if it had been woken" {
        coroutineScope {
            val credit = Credit(0)
            val cancelled = launch(start = UNDISPATCHED) { credit.take(100) }
            credit.add(10)
            cancelled.cancelAndJoin()
            val taking = async(start = UNDISPATCHED) { credit.take(100) }
            taking.await() shouldBe 10
            val waiting = launch(start = UNDISPATCHED) { credit.take(100) }
            waiting.cancelAndJoin()
            credit.add(2)
            credit.take(100) shouldBe 2
        }
    }

    "more than can be counted is refused" {
        val credit = Credit(10)
        credit.add(Int.MAX_VALUE - 10) shouldBe true
        credit.add(1) shouldBe false
        credit.take(5) shouldBe 5
        credit.add(6) shouldBe false
        credit.add(5) shouldBe true
        credit.take(Int.MAX_VALUE) shouldBe Int.MAX_VALUE
    }

    "when nobody wants any more, nothing is taken, and nobody waits" {
        coroutineScope {
            val credit = Credit(0)
            val taking = async(start = UNDISPATCHED) { credit.take(1) }
            credit.close()
            credit.close()
            taking.await() shouldBe 0
            credit.add(1) shouldBe true
            credit.take(1) shouldBe 0
        }
    }

    "one coroutine at a time takes" {
        coroutineScope {
            val credit = Credit(0)
            val taking = launch(start = UNDISPATCHED) { credit.take(1) }
            shouldThrow<IllegalStateException> { credit.take(1) }.message shouldBe "another coroutine waits already"
            credit.close()
            taking.join()
        }
    }

    "what is added by many is taken, no more and no less" {
        val credit = Credit(7)
        val taken = AtomicInteger()
        withContext(Dispatchers.Default) {
            val taking = launch { while (taken.get() < 7 + 4 * 5_000) taken.addAndGet(credit.take(3)) }
            repeat(4) { launch { repeat(5_000) { credit.add(1) } } }
            taking.join()
        }
        taken.get() shouldBe 20_007
    }
})
