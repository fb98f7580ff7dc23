package io.hawser

import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe
import java.net.InetAddress
import java.net.InetSocketAddress
import java.net.UnixDomainSocketAddress

class EndpointSpec : StringSpec({
    val good = mapOf(
        "localhost:9002" to "tcp://localhost:9002",
        "tcp://localhost:9002" to "tcp://localhost:9002",
        "TCP://127.0.0.1:0" to "tcp://127.0.0.1:0",
        "[::1]:80" to "tcp://[::1]:80",
        "tcp://[fe80::1%eth0]:80" to "tcp://[fe80::1%eth0]:80",
        ":80" to "tcp://*:80",
        "*:80" to "tcp://*:80",
        "db.example:65535" to "tcp://db.example:65535",
    )
    for ((text, canonical) in good) {
        "\"$text\" is $canonical" {
            val endpoint = Endpoint.parse(text)
            endpoint.toString() shouldBe canonical
            Endpoint.parse(canonical) shouldBe endpoint
            Endpoint.parse(canonical).hashCode() shouldBe endpoint.hashCode()
        }
    }

    val bad = mapOf(
        "" to "no port: \"\"",
        "localhost" to "no port: \"localhost\"",
        "tcp://" to "no port: \"tcp://\"",
        "[::1]" to "no port: \"[::1]\"",
        "host:" to "port \"\" is not a number: \"host:\"",
        "host:http" to "port \"http\" is not a number: \"host:http\"",
        "host:-1" to "port \"-1\" is not a number: \"host:-1\"",
        "host:+1" to "port \"+1\" is not a number: \"host:+1\"",
        "host:99999" to "port 99999 is not in 0..65535: \"host:99999\"",
        "host:99999999999" to "port \"99999999999\" is not a number: \"host:99999999999\"",
        "::1:80" to "an IPv6 address stands in brackets: \"::1:80\"",
        "[host]:80" to "[host] is not an IPv6 address: \"[host]:80\"",
        "a b:80" to "host \"a b\" is not a host name: \"a b:80\"",
        "user@host:80" to "host \"user@host\" is not a host name: \"user@host:80\"",
        "host/path:80" to "host \"host/path\" is not a host name: \"host/path:80\"",
        "carrier-pigeon://x:1" to "unknown scheme \"carrier-pigeon\" (known: tcp, tcp4, tcp6): \"carrier-pigeon://x:1\"",
    )
    for ((text, message) in bad) {
        "\"$text\" is refused" { shouldThrow<IllegalArgumentException> { Endpoint.parse(text) }.message shouldBe message }
    }

    "addresses are named without a look-up" {
        Endpoint.of("tcp", InetSocketAddress("127.0.0.1", 80)).toString() shouldBe "tcp://127.0.0.1:80"
        Endpoint.of("tcp", InetSocketAddress(80)).toString() shouldBe "tcp://*:80"
        val literals = listOf("::1", "2001:db8::1", "2001:db8:0:1:1:1:1:1", "1::8:0:0:1", "fe80::", "1:2:3:4:5:6:7:8", "fe80::1%7")
        for (literal in literals) {
            Endpoint.of("tcp", InetSocketAddress(InetAddress.getByName(literal), 80)).toString() shouldBe "tcp://[$literal]:80"
        }
        Endpoint.of("tcp", InetSocketAddress.createUnresolved("no.such.host", 80)).toString() shouldBe "tcp://no.such.host:80"
        Endpoint.of("unix", UnixDomainSocketAddress.of("/tmp/x.sock")).toString() shouldBe "unix:/tmp/x.sock"
    }

    "an endpoint is never without a host, nor with a port that is none" {
        shouldThrow<IllegalArgumentException> { Endpoint.Inet("tcp", "", 80) }.message shouldBe "no host in tcp://:80"
        shouldThrow<IllegalArgumentException> { Endpoint.Inet("tcp", "host", 65_536) }.message shouldBe
            "port 65536 of tcp://host is not in 0..65535"
    }
})
