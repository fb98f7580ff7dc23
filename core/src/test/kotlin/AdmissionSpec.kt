package io.hawser

import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe
import java.net.InetAddress
import java.net.InetSocketAddress
import java.net.UnixDomainSocketAddress

class AdmissionSpec : StringSpec({
    fun candidate(address: String) = Candidate(
        local = InetSocketAddress("127.0.0.1", 1),
        remote = InetSocketAddress(InetAddress.getByName(address), 40_000),
    )
    val local = Candidate(UnixDomainSocketAddress.of("/run/a"), UnixDomainSocketAddress.of(""))

    val cases = listOf(
        Triple("10.0.0.0/8", "10.255.255.255", true),
        Triple("10.0.0.0/8", "11.0.0.0", false),
        Triple("10.0.0.0/8", "9.255.255.255", false),
        Triple("192.168.1.128/25", "192.168.1.128", true),
        Triple("192.168.1.128/25", "192.168.1.127", false),
        Triple("192.168.1.4/31", "192.168.1.5", true),
        Triple("192.168.1.4/31", "192.168.1.6", false),
        Triple("192.168.1.4", "192.168.1.4", true),
        Triple("192.168.1.4", "192.168.1.5", false),
        Triple("0.0.0.0/0", "203.0.113.9", true),
        Triple("0.0.0.0/0", "2001:db8::1", false),
        Triple("::/0", "2001:db8::1", true),
        Triple("::/0", "203.0.113.9", false),
        Triple("2001:db8::/32", "2001:db8:ffff::1", true),
        Triple("2001:db8::/32", "2001:db9::", false),
        Triple("2001:db8:8000::/33", "2001:db8:8000::", true),
        Triple("2001:db8:8000::/33", "2001:db8:7fff::", false),
        Triple("::1", "::1", true),
        Triple("::1/128", "::2", false),
        Triple("10.0.0.0/8", "::ffff:10.1.2.3", true),
        Triple("::ffff:10.0.0.0/104", "10.1.2.3", true),
        Triple("::ffff:10.0.0.0/104", "11.1.2.3", false),
        Triple("::ffff:10.1.2.3", "10.1.2.3", true),
    )
    for ((block, address, inside) in cases) {
        "$address is ${if (inside) "in" else "outside"} $block" {
            Admission.allow(block).admits(candidate(address)) shouldBe inside
            Admission.deny(block).admits(candidate(address)) shouldBe !inside
        }
    }

    "several blocks are one rule, and rules combine" {
        val rule = Admission.allow("127.0.0.0/8", "::1/128")
        rule.admits(candidate("127.9.9.9")) shouldBe true
        rule.admits(candidate("::1")) shouldBe true
        rule.admits(candidate("128.0.0.1")) shouldBe false
        val without = rule and Admission.deny("127.0.0.2")
        without.admits(candidate("127.0.0.1")) shouldBe true
        without.admits(candidate("127.0.0.2")) shouldBe false
        (rule or Admission.allow("10.0.0.0/8")).admits(candidate("10.0.0.1")) shouldBe true
        Admission.everyone.admits(candidate("10.0.0.1")) shouldBe true
        without.toString() shouldBe "(allow 127.0.0.0/8, 0:0:0:0:0:0:0:1/128 and deny 127.0.0.2/32)"
    }

    "who has no internet address is in no block" {
        Admission.allow("0.0.0.0/0", "::/0").admits(local) shouldBe false
        Admission.deny("0.0.0.0/0", "::/0").admits(local) shouldBe true
    }

    "a rule that is reloaded counts from then on" {
        val rule = ReloadableAdmission(Admission.everyone)
        rule.admits(candidate("10.0.0.1")) shouldBe true
        rule.rule = Admission.deny("10.0.0.0/8")
        rule.admits(candidate("10.0.0.1")) shouldBe false
        rule.toString() shouldBe "reloadable: deny 10.0.0.0/8"
    }

    "attributes tell what is known of a peer" {
        val uid = Attribute<Int>("uid")
        val user = Attribute<String>("user")
        val known = Attributes.none.with(uid, 0).with(user, "root")
        Candidate(local.local, local.remote, known)[uid] shouldBe 0
        known[user] shouldBe "root"
        known.with(user, "nobody")[user] shouldBe "nobody"
        known[Attribute<Int>("uid")] shouldBe null
        Attributes.none[uid] shouldBe null
        "$known" shouldBe "{uid=0, user=root}"
    }

    val refused = mapOf(
        "10.0.0.0/33" to "a prefix of 33 bits is not in 0..32: \"10.0.0.0/33\"",
        "::/129" to "a prefix of 129 bits is not in 0..128: \"::/129\"",
        "10.0.0.1/8" to "there are bits set behind the prefix of 8 bits: \"10.0.0.1/8\"",
        "10.0.0.0/" to "\"\" is not the length of a prefix: \"10.0.0.0/\"",
        "10.0.0.0/-1" to "\"-1\" is not the length of a prefix: \"10.0.0.0/-1\"",
        "10.0.0.0/8/8" to "\"8/8\" is not the length of a prefix: \"10.0.0.0/8/8\"",
        "localhost/8" to "\"localhost\" is not an IPv4 or IPv6 address: \"localhost/8\"",
        "10.0.0" to "\"10.0.0\" is not an IPv4 or IPv6 address: \"10.0.0\"",
        "" to "\"\" is not an IPv4 or IPv6 address: \"\"",
        "1::2::3/8" to "\"1::2::3\" is not an IPv4 or IPv6 address: \"1::2::3/8\"",
        "::ffff:10.0.0.0/95" to "a prefix of 95 bits is not in 96..128: \"::ffff:10.0.0.0/95\"",
    )
    for ((block, text) in refused) {
        "\"$block\" is refused: $text" {
            shouldThrow<IllegalArgumentException> { Admission.allow(block) }.message shouldBe text
            shouldThrow<IllegalArgumentException> { Admission.deny("127.0.0.1", block) }.message shouldBe text
        }
    }

    "a combination of combinations says what it is" {
        val one = Admission.allow("10.0.0.0/8")
        "${one and Admission.deny("10.1.0.0/16") or Admission.allow("::1")}" shouldBe
            "((allow 10.0.0.0/8 and deny 10.1.0.0/16) or allow 0:0:0:0:0:0:0:1/128)"
    }
})
