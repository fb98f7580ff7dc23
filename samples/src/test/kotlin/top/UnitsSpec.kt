package io.hawser.samples.top

import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe
import kotlin.time.Duration.Companion.days
import kotlin.time.Duration.Companion.hours
import kotlin.time.Duration.Companion.microseconds
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.minutes
import kotlin.time.Duration.Companion.seconds

class UnitsSpec : StringSpec({
    "numbers have all their digits while they can be read, and then three at most" {
        listOf(0L, 999, 1_000, 9_999_999, 10_000_000, 1_260_000_000).map(::count) shouldBe
            listOf("0", "999", "1,000", "9,999,999", "10 M", "1.3 G")
    }

    "rates below ten have a fraction" {
        listOf(0.0, 0.04, 0.25, 9.94, 9.96, 1234.5, 5e9).map(::countRate) shouldBe listOf("0", "0.0", "0.3", "9.9", "10", "1,235", "5.0 G")
    }

    "bytes go up by thousands" {
        listOf(0.0, 51.4, 999.4, 999.6, 9_940.0, 1e6, 999.6e6, 1.5e18, 4e18).map(::bytes) shouldBe
            listOf("0 B", "51 B", "999 B", "1.0 kB", "9.9 kB", "1.0 MB", "1.0 GB", "1500 PB", "4000 PB")
    }

    "spans go from microseconds to seconds" {
        listOf(
            0.microseconds,
            0.4.microseconds,
            21.microseconds,
            999.6.microseconds,
            42.milliseconds,
            2.5.seconds,
            90.minutes,
        ).map(::span) shouldBe
            listOf("0.0 us", "0.4 us", "21 us", "1.0 ms", "42 ms", "2.5 s", "5400 s")
    }

    "ages have their two largest parts" {
        listOf(0.4.seconds, 59.seconds, 61.seconds, 3.hours + 5.minutes, 8.days + 23.hours).map(::age) shouldBe
            listOf("0s", "59s", "1m 1s", "3h 5m", "8d 23h")
    }

    "bars are as high as their number among those that are shown, and the last one is on the right" {
        sparkline(listOf(900.0, 0.0, 1.0, 4.0, 8.0), width = 4) shouldBe "▁▁▄█"
        sparkline(listOf(8.0), width = 3) shouldBe "  █"
        sparkline(listOf(0.0, 0.0), width = 2) shouldBe "▁▁"
        sparkline(emptyList(), width = 2) shouldBe "  "
    }
})
