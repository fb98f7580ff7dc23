package io.hawser.samples.monitor

import io.hawser.samples.top.Example
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldNotContain

class SnapshotJsonSpec : StringSpec({
    val least = """{"program":"p","endpoint":"e","state":"s","health":"up","since":"2026-11-22T12:00:00Z","at":"2026-11-22T12:00:01Z"}"""

    fun why(line: String): String = shouldThrow<MalformedSnapshot> { snapshotOf(line) }.message.orEmpty()

    fun with(field: String) = least.dropLast(1) + ",$field}"

    "what is written is what is read" {
        for (snapshot in listOf(Example.idle, Example.broker)) snapshotOf(snapshot.toJson()) shouldBe snapshot
    }

    "it is one line that controls no terminal, whatever somebody is called" {
        val evil = Example.idle.copy(endpoint = "unix:/tmp/\u001b[2J\n\u202e\"")
        evil.toJson() shouldContain """"endpoint":"unix:/tmp/\u001b[2J\n\u202e\"""""
        evil.toJson() shouldNotContain "\n"
        snapshotOf(evil.toJson()) shouldBe evil
    }

    "what a later version adds is left out, and what may be missing is empty" {
        val read = snapshotOf(with(""""moon":{"phase":[1,2]},"delays":{"loop":{"p50_us":1,"p99_us":2.5,"max_us":3,"mean_us":1}}"""))
        read.delays.keys shouldBe setOf("loop")
        read.totals shouldBe emptyMap()
        read.busiest shouldBe emptyList()
    }

    "what is no snapshot is refused with the place and what is there" {
        mapOf(
            "hello" to "no snapshot of a program that serves: \"hello\"",
            "" to "no snapshot of a program that serves: \"\"",
            "[1]" to "no snapshot of a program that serves: \"[1]\"",
            "{".repeat(10_000) to "no snapshot of a program that serves: \"${"{".repeat(60)}\"",
            "{}" to "a snapshot has to have a text at \"program\", and has nothing",
            """{"program":7}""" to "a snapshot has to have a text at \"program\", and has 7",
            least.replace("12:00:01Z", "noon") to
                "a snapshot has to have a time such as 2026-11-22T12:00:00Z at \"at\", and has \"2026-11-22Tnoon\"",
            with(""""now":[]""") to "a snapshot has to have an object at \"now\", and has []",
            with(""""totals":{"in":1.5}""") to "a snapshot has to have a whole number at \"totals.in\", and has 1.5",
            with(""""rates":{"in":"NaN"}""") to "a snapshot has to have a number at \"rates.in\", and has \"NaN\"",
            with(""""problems":[1]""") to "a snapshot has to have texts at \"problems\", and has [1]",
            with(""""busiest":[{"remote":"r"}]""") to "a snapshot has to have a whole number at \"busiest[0].age_ms\", and has nothing",
            with(""""channels":[1]""") to "a snapshot has to have an object at \"channels[0]\", and has 1",
        ).forEach { (line, complaint) -> why(line) shouldBe complaint }
    }
})
