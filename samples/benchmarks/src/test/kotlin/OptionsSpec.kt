package io.hawser.benchmarks

import io.hawser.benchmarks.benchmark.Benchmark
import io.hawser.benchmarks.benchmark.Case
import io.hawser.benchmarks.benchmark.Echo
import io.hawser.benchmarks.benchmark.Stream
import io.hawser.benchmarks.server.Contestant
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.shouldBe
import kotlin.time.Duration.Companion.milliseconds

internal class OptionsSpec : FunSpec({
    test("without options everything is measured, in nine rounds, and the results are kept") {
        val options = Options.parse(emptyList())

        options.benchmarks shouldBe Benchmark.all
        options.rounds shouldBe 9
        options.servers.first().name shouldBe "hawser"
        options.isComplete shouldBe true
    }

    test("benchmarks are named, and options between them change what they have") {
        val options = Options.parse(listOf("stream", "--connections", "3", "--seconds", "0.5", "echo"))

        options.benchmarks shouldContainExactly listOf(Stream, Echo)
        options.duration shouldBe 500.milliseconds
        options.isComplete shouldBe false
        Stream.cases.map { it.with(options) }.distinct() shouldContainExactly listOf(Case(3, 65_536))
    }

    test("a quick run does less of everything, unless told how much") {
        val quick = Options.parse(listOf("--quick", "--seconds", "2"))

        quick.quick shouldBe true
        quick.rounds shouldBe 1
        quick.warmup shouldBe 200.milliseconds
        quick.firstWarmup shouldBe 200.milliseconds
        quick.duration shouldBe 2_000.milliseconds
        quick.isComplete shouldBe false
    }

    test("servers come in the order they are given") {
        Options.parse(listOf("--servers", "ktor,hawser")).servers.map(Contestant::name) shouldContainExactly listOf("ktor", "hawser")
    }

    test("every server and benchmark there is finds its way into the catalogue") {
        Contestant.all.map(Contestant::name) shouldContainExactly
            listOf(
                "hawser", "c-epoll", "go", "hawser-blocking", "hawser-conscrypt", "hawser-pool", "hawser-raw-echo", "hawser-raw-push",
                "java-net", "java-net-virtual", "ktor", "nats", "netty-epoll", "netty-nio", "netty-tcnative", "redis", "vertx",
            )
        Benchmark.all.map(Benchmark::name) shouldContainExactly listOf(
            "broker-echo", "broker-stream", "connect", "echo", "fan-out", "fan-out-stopped", "file", "idle", "inside", "latency", "pull",
            "push", "request-reply", "stream", "tls-connect", "tls-echo", "tls-idle", "tls-resume", "tls-stream", "udp-echo",
            "udp-one-way", "unix-echo", "unixgram-one-way",
        )
    }

    test("a rate is taken only by benchmarks that have one") {
        val options = Options.parse(listOf("--rate", "500"))

        Case(1, 64).with(options) shouldBe Case(1, 64)
        Case(1, 64, rate = 9).with(options) shouldBe Case(1, 64, rate = 500)
    }

    test("a case is written for people") {
        "${Case(1, 64)}" shouldBe "1 connection, 64 B"
        "${Case(10_000, 16 * 1024, rate = 20_000)}" shouldBe "10 000 connections, 16 KiB, 20 000/s"
        "${Case(10, 1 shl 30, called = "asker")}" shouldBe "10 askers, 1 GiB"
    }

    test("what is wrong is named") {
        fun complaint(vararg words: String) = shouldThrow<IllegalArgumentException> { Options.parse(words.toList()) }.message

        complaint("--rounds", "0") shouldBe "--rounds is not a positive number: 0"
        complaint("--seconds", "0") shouldBe "--seconds is not positive: 0s"
        complaint("--warmup", "soon") shouldBe "--warmup is not a number of seconds up to an hour: soon"
        complaint("--threads", "65") shouldBe "--threads is more than 64: 65"
        complaint("--speed", "9") shouldBe "unknown option: --speed"
        complaint("--rounds") shouldBe "--rounds has no value"
        complaint("--servers", "nap") shouldBe "unknown server: nap (there are ${Contestant.all.joinToString { it.name }})"
        complaint("nap") shouldBe "unknown benchmark: nap (there are ${Benchmark.all.joinToString { it.name }})"
    }
})
