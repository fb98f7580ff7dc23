package io.hawser.benchmarks

import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe

internal class FiguresSpec : FunSpec({
    test("a line of the load generator is read by name") {
        Figures.parse("per_second=1200.5 p50_us=3.10 errors=0\n")["p50_us"] shouldBe 3.1
    }

    test("anything else is refused, and shown") {
        shouldThrow<IllegalArgumentException> { Figures.parse("usage: load") }.message shouldBe "not a line of figures: 'usage: load'"
    }

    test("a figure that is not there is null: not every server has every one") {
        Figures.parse("errors=0")["p50_us"] shouldBe null
    }
})
