package io.hawser.benchmarks

import io.hawser.benchmarks.benchmark.Measure
import io.hawser.benchmarks.server.Contestant
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import java.io.IOException

internal class RoundsSpec : FunSpec({
    val perSecond = Measure.higher("per_second", "round trips/s", decimals = 0)
    val first = Contestant.all[0]
    val second = Contestant.all[1]

    for (cause in listOf(LoadFailed("it broke"), IOException("it broke"), Unavailable("it broke"), IllegalArgumentException("it broke"))) {
        test("a server that fails with ${cause::class.simpleName} is out, and the others go on") {
            var measured = 0
            val comparison = compare(listOf(first, second), listOf(perSecond), rounds = 2, warmUp = false) { _, contestant ->
                measured++
                if (contestant === first) throw cause
                Figures(mapOf("per_second" to 1.0))
            }

            measured shouldBe 3
            comparison.failed shouldBe mapOf(first.name to "it broke")
            comparison.servers shouldBe setOf(second.name)
        }
    }
})
