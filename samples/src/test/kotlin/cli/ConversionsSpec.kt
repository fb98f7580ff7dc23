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
        endpoint("localhost:9002") shouldBe Endpoint.Inet("tcp", "localhost", 9002)
        endpoint("tcp://localhost:9002") shouldBe Endpoint.Inet("tcp", "localhost", 9002)
    }

    "loops are counted from 1 to 1024" {
        listOf("1", "1024").map { loopCount(it).value } shouldBe listOf(1, 1024)
        for (text in listOf("0", "-1", "1025", "", "1.5", "99999999999")) {
            withClue(text) { shouldThrow<TypeConversionException> { loopCount(text) } }
        }
    }
})
