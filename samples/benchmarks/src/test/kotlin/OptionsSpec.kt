package io.hawser.benchmarks

import io.hawser.benchmarks.server.Contestant
import io.hawser.benchmarks.workload.Echo
import io.hawser.benchmarks.workload.Stream
import io.hawser.benchmarks.workload.Workload
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.shouldBe
import kotlin.time.Duration.Companion.milliseconds

internal class OptionsSpec : FunSpec({
    test("without options every server echoes small messages") {
        val options = Options.parse(emptyList())

        options.workload shouldBe Echo
        options.connections shouldBe 64
        options.bytes shouldBe 64
        options.rounds shouldBe 9
        options.servers.first().name shouldBe "hawser"
    }

    test("a workload brings its own sizes, which options override") {
        val options = Options.parse(listOf("--workload", "stream", "--connections", "8", "--seconds", "0.5"))

        options.workload shouldBe Stream
        options.connections shouldBe 8
        options.bytes shouldBe 65_536
        options.duration shouldBe 500.milliseconds
    }

    test("servers come in the order they are given") {
        Options.parse(listOf("--servers", "ktor,hawser")).servers.map(Contestant::name) shouldContainExactly listOf("ktor", "hawser")
    }

    test("every server and workload there is finds its way into the catalogue") {
        Contestant.all.map(Contestant::name) shouldContainExactly
            listOf("hawser", "c-epoll", "go", "java-net", "java-net-virtual", "ktor", "netty-epoll", "netty-nio", "vertx")
        Workload.all.map(Workload::name) shouldContainExactly listOf("connect", "echo", "stream")
    }

    test("what is wrong is named") {
        fun complaint(vararg words: String) = shouldThrow<IllegalArgumentException> { Options.parse(words.toList()) }.message

        complaint("--rounds", "0") shouldBe "--rounds is not a positive number: 0"
        complaint("--seconds", "0") shouldBe "--seconds is not positive: 0s"
        complaint("--warmup", "soon") shouldBe "--warmup is not a number of seconds up to an hour: soon"
        complaint("--speed", "9") shouldBe "unknown option: --speed"
        complaint("--rounds") shouldBe "--rounds has no value"
        complaint("--workload", "nap") shouldBe "unknown workload: nap (there are connect, echo, stream)"
    }
})
