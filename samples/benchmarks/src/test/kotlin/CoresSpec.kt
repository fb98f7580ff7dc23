package io.hawser.benchmarks

import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe

internal class CoresSpec : FunSpec({
    test("cores are read as the kernel writes them") {
        mapOf("\t0-3" to "0,1,2,3", "1" to "1", "0-1,4,6-7" to "0,1,4,6,7").forEach { (list, cores) ->
            "${Cores.parse(list)}" shouldBe cores
        }
    }

    test("a split shares them out") {
        val (rest, taken) = Cores.parse("0-2").split(1)

        "$rest" shouldBe "0,1"
        "$taken" shouldBe "2"
    }

    test("this process may use as many as the JVM says") {
        Cores.all.count shouldBe Runtime.getRuntime().availableProcessors()
    }
})
