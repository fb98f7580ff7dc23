package io.hawser.server

import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe
import java.net.InetAddress

class NetworkSpec : StringSpec({
    fun address(text: String): InetAddress = InetAddress.getByName(text)

    "the addresses of a /64 are one, and each of IPv4 is one by itself" {
        address("2001:db8:1:2::1").network shouldBe address("2001:db8:1:2:ffff:ffff:ffff:ffff").network
        (address("2001:db8:1:2::1").network == address("2001:db8:1:3::1").network) shouldBe false
        address("10.1.2.3").network shouldBe address("10.1.2.3")
        address("::ffff:10.1.2.3").network shouldBe address("10.1.2.3")
    }

    "a host is known by its network" {
        val rates = HostRates()
        rates.admits(address("2001:db8::1"), 1, now = 0) shouldBe true
        rates.admits(address("2001:db8::2"), 1, now = 0) shouldBe false
        rates.admits(address("2001:db8:0:1::2"), 1, now = 0) shouldBe true
        rates.size shouldBe 2
        rates.clear()
        rates.size shouldBe 0
    }
})
