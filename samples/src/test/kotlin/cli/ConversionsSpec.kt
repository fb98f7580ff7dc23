package io.hawser.samples.cli

import io.hawser.Endpoint
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.minutes
import kotlin.time.Duration.Companion.seconds
import kotlin.time.toKotlinDuration
import picocli.CommandLine.TypeConversionException

class ConversionsSpec : StringSpec({
    "a duration is a number and a unit" {
        mapOf("500ms" to 500.milliseconds, "5s" to 5.seconds, "1m" to 1.minutes, "1.5s" to 1500.milliseconds, "0s" to 0.seconds)
            .forEach { (text, duration) -> duration(text).toKotlinDuration() shouldBe duration }
    }

    "a duration without a unit, without a number, below zero or without an end is none" {
        for (text in listOf("", "5", "s", "-5s", "5 s", "Infinity", "99999999999999999d", "soon")) {
            withClue(text) {
                val refused = shouldThrow<TypeConversionException> { duration(text) }
                refused.message shouldBe "\"$text\" is not a duration such as 500ms, 5s or 1m"
            }
        }
    }

    "an endpoint may name its scheme" {
        for (text in listOf("localhost:9002", "tcp://localhost:9002")) {
            serverEndpoint(text).endpoint shouldBe Endpoint.Inet("tcp", "localhost", 9002)
            clientEndpoint(text).endpoint shouldBe Endpoint.Inet("tcp", "localhost", 9002)
        }
        serverEndpoint("udp://*:0").endpoint.isDatagram shouldBe true
        serverEndpoint("tls://*:0").endpoint shouldBe Endpoint.Inet("tls", "*", 0)
        clientEndpoint("tls://localhost:443").endpoint shouldBe Endpoint.Inet("tls", "localhost", 443)
    }

    "an endpoint that nobody can use is refused before anything begins" {
        serverEndpoint("*:0").endpoint shouldBe Endpoint.Inet("tcp", "*", 0)
        for ((text, why) in mapOf(
            "*:80" to "a client needs a host: \"tcp://*:80\"",
            "localhost:0" to "a client needs a port: \"tcp://localhost:0\"",
            "udp://localhost:0" to "a client needs a port: \"udp://localhost:0\"",
        )) {
            shouldThrow<TypeConversionException> { clientEndpoint(text) }.message shouldBe
                "$why (allowed: db.example:5432, tls://db.example:443, udp://localhost:53, unix:/run/app.sock, unixgram:/dev/log and the like)"
        }
    }

    "loops are counted from 1 to 1024" {
        listOf("1", "1024").map { loopCount(it).value } shouldBe listOf(1, 1024)
        for (text in listOf("0", "-1", "1025", "", "1.5", "99999999999")) {
            withClue(text) { shouldThrow<TypeConversionException> { loopCount(text) } }
        }
    }

    "connections are counted from 1 to what a number holds" {
        listOf("1", "2147483647").map { connectionLimit(it).value } shouldBe listOf(1, Int.MAX_VALUE)
        for (text in listOf("0", "-1", "2147483648", "", "1.5", "many")) {
            withClue(text) { shouldThrow<TypeConversionException> { connectionLimit(text) } }
        }
    }

    "a timeout is a duration over zero" {
        timeout("1.5s").value shouldBe 1500.milliseconds
        shouldThrow<TypeConversionException> { timeout("0s") }.message shouldBe
            "\"0s\" is not a duration over zero, such as 500ms, 5s or 1m"
        shouldThrow<TypeConversionException> { timeout("5") }.message shouldBe "\"5\" is not a duration such as 500ms, 5s or 1m"
    }

    "who is admitted is a block or an address" {
        for ((text, rule) in mapOf("10.0.0.0/8" to "10.0.0.0/8", "127.0.0.1" to "127.0.0.1/32", "::1" to "0:0:0:0:0:0:0:1/128")) {
            "${admission(text)}" shouldBe "allow $rule"
        }
        shouldThrow<TypeConversionException> { admission("10.0.0.0/33") }.message shouldBe
            "a prefix of 33 bits is not in 0..32: \"10.0.0.0/33\" (allowed: blocks and addresses, such as 10.0.0.0/8, 2001:db8::/32 or 127.0.0.1)"
    }
})
