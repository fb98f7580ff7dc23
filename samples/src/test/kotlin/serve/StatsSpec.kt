package io.hawser.samples.serve

import io.hawser.DatagramTotals
import io.hawser.ServerTotals
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds

class StatsSpec : StringSpec({
    val nothing = ServerTotals(accepted = 0, refused = 0, bytesRead = 0, bytesWritten = 0, droppedEvents = 0)

    "a line has the sums, and the rates since the line before" {
        val before = nothing.copy(accepted = 30, refused = 2, bytesRead = 8_000, bytesWritten = 7_000)
        val now = nothing.copy(accepted = 40, refused = 2, bytesRead = 10_000_000_000, bytesWritten = 8_000)
        statsLine(connections = 3, now.numbers(), before.numbers(), since = 2.seconds) shouldBe
            "stats connections=3 accepted=40 refused=2 in=10000000000 out=8000 accepted/s=5 refused/s=0 in/s=4999996000 out/s=500"
    }

    "rates are rounded" {
        statsLine(connections = 0, nothing.copy(accepted = 2, refused = 1).numbers(), nothing.numbers(), since = 1500.milliseconds) shouldBe
            "stats connections=0 accepted=2 refused=1 in=0 out=0 accepted/s=1 refused/s=1 in/s=0 out/s=0"
    }

    "a server of datagrams has numbers of its own" {
        val totals = DatagramTotals(9, handled = 7, failed = 1, dropped = 2, bytesRead = 90, bytesWritten = 70, droppedEvents = 0)
        statsLine(connections = 1, totals.numbers(), totals.numbers(), since = 1.seconds) shouldBe
            "stats connections=1 received=9 dropped=2 failed=1 in=90 out=70 received/s=0 dropped/s=0 failed/s=0 in/s=0 out/s=0"
    }
})
