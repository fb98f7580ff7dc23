package io.hawser.benchmarks

import io.hawser.benchmarks.benchmark.Case
import io.hawser.benchmarks.server.BOTH_WAYS
import io.hawser.benchmarks.server.Hawser
import io.hawser.benchmarks.server.HawserParties
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.longs.shouldBeLessThan
import io.kotest.matchers.string.shouldStartWith
import java.lang.ProcessBuilder.Redirect
import java.nio.file.Path
import kotlin.time.Duration
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.minutes

/** A request and a reply of a GiB through a broker. */
internal class BrokerMemorySpec : FunSpec({
    val processes = autoClose(Processes())
    val tools = Tools(processes)
    val small = listOf("-Xmx64m", "-XX:MaxDirectMemorySize=64m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC")

    listOf(BOTH_WAYS, HawserParties.TOGETHER).forEach { service ->
        test("a GiB goes both ways where each process has 64 MiB, and leaves nothing behind: $service") {
            val command = Hawser.command(tools, small, service, Path.of("-"))
            val asker = processes.start(ProcessBuilder(command).redirectError(Redirect.INHERIT))
            val output = asker.inputReader()
            val endpoint = output.readLine().removePrefix("listening ")

            /** Asks once, which compares what comes back; returns what is held then. */
            fun heldAfter(bytes: Int): Long {
                ask(endpoint, Case(1, bytes), Duration.ZERO, 1.milliseconds, limit = 3.minutes) shouldStartWith "per_second="
                asker.outputWriter().apply { write("memory\n") }.flush()
                return Regex("heap=([0-9]+)").find(output.readLine())!!.groupValues[1].toLong()
            }

            // What is loaded only once is not the request's.
            val before = heldAfter(64 shl 20)
            heldAfter(1 shl 30) - before shouldBeLessThan (4L shl 20)
            asker.outputWriter().close()
        }
    }
})
