package io.hawser.engine

import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe
import java.util.concurrent.Callable

class DaemonsSpec : StringSpec({
    "threads that have nothing to do any more end, and nobody has to tell them" {
        val pools = listOf(daemons("few", threads = 2), daemonsOnDemand("many"))
        val threads = pools.map { pool -> pool.submit(Callable { Thread.currentThread() }).get() }
        for (thread in threads) thread.join(60_000)
        threads.map { it.isAlive } shouldBe listOf(false, false)
    }
})
