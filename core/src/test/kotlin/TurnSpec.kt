package io.hawser

import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.shouldBe
import java.util.concurrent.atomic.AtomicInteger
import kotlinx.coroutines.CoroutineStart.UNDISPATCHED
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.joinAll
import kotlinx.coroutines.launch
import kotlinx.coroutines.withContext
import kotlinx.coroutines.withTimeoutOrNull
import kotlinx.coroutines.yield

class TurnSpec : StringSpec({
    timeout = 60_000

    "it goes round in the order it was asked for, and is free in the end" {
        val turn = Turn()
        val order = mutableListOf<Int>()
        turn.tryTake() shouldBe true
        turn.tryTake() shouldBe false
        val asking = List(100) {
            launch(start = UNDISPATCHED) {
                turn.take()
                order += it
                turn.tryTake() shouldBe false
                turn.pass()
            }
        }
        turn.pass()
        asking.joinAll()
        order.shouldContainExactly(List(100) { it })
        turn.tryTake() shouldBe true
    }

    "who is cancelled is passed over, and so is who is cancelled once it is his" {
        val turn = Turn()
        turn.take()
        val gone = launch(start = UNDISPATCHED) { turn.take() }
        val unlucky = launch(start = UNDISPATCHED) { turn.take() }
        val last = launch(start = UNDISPATCHED) { turn.take() }
        gone.cancelAndJoin()
        turn.pass()
        // It is his, and he has not run yet.
        unlucky.cancelAndJoin()
        last.join()
        turn.pass()
        turn.tryTake() shouldBe true
    }

    "one at a time has it, whoever gives up meanwhile" {
        val turn = Turn()
        val inside = AtomicInteger()
        val most = AtomicInteger()
        withContext(Dispatchers.Default) {
            List(8) { worker ->
                launch {
                    repeat(5_000) { round ->
                        var isMine = round % 5 == 0 && turn.tryTake()
                        if (!isMine) {
                            // A timeout that comes once it is taken does not give it back.
                            withTimeoutOrNull(if (round % 7 == worker) 1 else 10_000) {
                                turn.take()
                                isMine = true
                            }
                        }
                        if (isMine) {
                            most.accumulateAndGet(inside.incrementAndGet(), ::maxOf)
                            if (round % 3 == 0) yield()
                            inside.decrementAndGet()
                            turn.pass()
                        }
                    }
                }
            }.joinAll()
        }
        most.get() shouldBe 1
        turn.tryTake() shouldBe true
    }
})
