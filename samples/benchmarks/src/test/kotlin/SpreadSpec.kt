package io.hawser.benchmarks

import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import java.util.Locale

internal class SpreadSpec : FunSpec({
    test("the median of an odd number of values is the one in the middle, in whatever order they come") {
        median(listOf(9.0, 1.0, 5.0)) shouldBe 5.0
    }

    test("the median of an even number of values lies between the two in the middle") {
        median(listOf(4.0, 1.0, 100.0, 2.0)) shouldBe 3.0
    }

    test("there is no median of nothing") {
        shouldThrow<IllegalArgumentException> { median(emptyList()) }.message shouldBe "no values"
    }

    test("ratios are taken round by round, so a round that is slow for both changes nothing") {
        ratios(ours = listOf(200.0, 20.0, 100.0), theirs = listOf(100.0, 10.0, 100.0)) shouldBe listOf(2.0, 2.0, 1.0)
    }

    test("rounds without a partner are refused") {
        shouldThrow<IllegalArgumentException> { ratios(listOf(1.0), emptyList()) }.message shouldBe "1 rounds of ours, 0 of theirs"
    }

    test("a spread is shown as its median with its ends behind it, if there are any") {
        Spread.of(listOf(1.1, 0.976, 1.04)).format { "%.2f".format(Locale.ROOT, it) } shouldBe "1.04 (0.98–1.10)"
        Spread.of(listOf(2.0)).format { "$it" } shouldBe "2.0"
    }
})
