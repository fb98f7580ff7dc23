package io.hawser.server

import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe
import java.net.InetAddress

class HostRatesSpec : StringSpec({
    val second = 1_000_000_000L

    fun host(number: Int): InetAddress = InetAddress.getByAddress(byteArrayOf(10, 0, (number shr 8).toByte(), number.toByte()))

    "each host comes at its rate, whatever others do" {
        val rates = HostRates()
        List(5) { rates.admits(host(1), 3, now = 0) } shouldBe listOf(true, true, true, false, false)
        rates.admits(host(2), 3, now = 0) shouldBe true
        rates.admits(host(1), 3, now = second / 3 + 1) shouldBe true
        rates.admits(host(1), 3, now = second / 3 + 1) shouldBe false
    }

    "whoever may come as often as at first is forgotten" {
        val rates = HostRates()
        repeat(100) { rates.admits(host(it), 10, now = it * second / 100) shouldBe true }
        rates.size shouldBe 10
        rates.admits(host(1), 10, now = 10 * second) shouldBe true
        rates.size shouldBe 1
    }

    "there are never more hosts than it may know" {
        val rates = HostRates(most = 50)
        repeat(1_000) { rates.admits(host(it), 1, now = 0) shouldBe true }
        rates.size shouldBe 50
        rates.admits(host(999), 1, now = 0) shouldBe false
        rates.admits(host(0), 1, now = 0) shouldBe true
    }

    "another rate counts at once" {
        val rates = HostRates()
        repeat(2) { rates.admits(host(1), 1, now = 0) }
        rates.admits(host(1), 5, now = 0) shouldBe true
        rates.admits(host(1), 1, now = 0) shouldBe true
        rates.admits(host(1), 1, now = 0) shouldBe false
    }
})
