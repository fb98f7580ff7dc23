package io.hawser.benchmarks

import io.hawser.benchmarks.benchmark.Case
import io.hawser.benchmarks.server.BOTH_WAYS
import io.hawser.benchmarks.server.Contestant
import io.hawser.benchmarks.server.ECHO
import io.hawser.benchmarks.server.FAN_OUT
import io.hawser.benchmarks.server.FILE
import io.hawser.benchmarks.server.JvmContestant
import io.hawser.benchmarks.server.REQUEST_REPLY
import io.hawser.benchmarks.server.SINK
import io.hawser.benchmarks.server.SOURCE
import io.hawser.benchmarks.server.TLS_ECHO
import io.hawser.benchmarks.server.UDP_ECHO
import io.hawser.benchmarks.server.UDP_SINK
import io.hawser.benchmarks.server.UNIXGRAM_SINK
import io.hawser.benchmarks.server.UNIX_ECHO
import io.hawser.benchmarks.server.UPLOAD
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.core.test.Enabled
import io.kotest.engine.spec.tempfile
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldMatch
import io.kotest.matchers.string.shouldStartWith
import java.lang.ProcessBuilder.Redirect
import java.nio.file.Path
import java.util.concurrent.TimeUnit.SECONDS
import kotlin.random.Random
import kotlin.time.Duration
import kotlin.time.Duration.Companion.seconds

/** Hawser's own contestants. */
internal class HawserServicesSpec : Services({ it.name.startsWith("hawser") })

/** Those that it is compared with. */
internal class PeerServicesSpec : Services({ !it.name.startsWith("hawser") })

/** Every contestant on this machine that [are] meant, as a program, under every kind of load there is for what it serves. */
internal abstract class Services(are: (Contestant) -> Boolean) : FunSpec({
    val processes = autoClose(Processes())
    val tools = Tools(processes)
    val file = tempfile().apply { writeBytes(Random(1).nextBytes(300_001)) }.toPath()
    val loads = mapOf(
        ECHO to listOf("echo", "stream", "connect", "idle", "paced rate=1000"),
        SINK to listOf("push"),
        SOURCE to listOf("pull file=$file"),
        FILE to listOf("file file=$file"),
        UNIX_ECHO to listOf("echo", "stream"),
        TLS_ECHO to listOf("echo", "stream", "connect", "connect resume=1", "idle"),
        UDP_ECHO to listOf("echo"),
        UDP_SINK to listOf("oneway"),
        UNIXGRAM_SINK to listOf("oneway"),
        FAN_OUT to listOf("fanout", "fanout rate=1000", "fanout rate=1000 stopped=1"),
        REQUEST_REPLY to listOf(ASKED),
        UPLOAD to listOf(ASKED),
        BOTH_WAYS to listOf(ASKED),
    )

    /** What is tested is whether it works, and most of that goes by before a JVM would be fast. */
    val quickToStart = listOf("-Xmx128m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC")

    fun start(vararg command: String): Process = processes.start(ProcessBuilder(*command).redirectError(Redirect.INHERIT))

    fun fileOf(service: String): Path = if (service == TLS_ECHO) tools.certificate() else file

    fun available(contestant: Contestant, service: String): Enabled = try {
        if (System.getenv("CI") != "true") {
            tools.compileLoad()
            fileOf(service)
        }
        contestant.command(tools, emptyList(), service, file)
        Enabled.enabled
    } catch (e: Unavailable) {
        Enabled.disabled(e.message)
    }

    /** Takes ever longer until the server does anything in that time: a machine that stands still is no fault of it. */
    fun put(mode: String, endpoint: String, seconds: Double) {
        if (mode == ASKED) {
            ask(endpoint, Case(4, 1000), Duration.ZERO, seconds.seconds, limit = 30.seconds) shouldStartWith "per_second="
            return
        }
        val words = mode.split(' ')
        val sockets = if (words[0] == "oneway") "1" else "4"
        val command = listOf("${tools.compileLoad()}", words[0], endpoint, sockets, "1000", "0", "$seconds", "2") + words.drop(1)
        val load = processes.start(ProcessBuilder(command))
        if (words[0] == "idle") load.outputWriter().use { it.write("go on\n") }
        val figures = load.inputReader().readText()
        val complaint = load.errorReader().readText().trim()
        if (complaint == NOTHING_DONE && seconds < LONG_SECONDS) return put(mode, endpoint, seconds * 4)
        withClue("$mode: $complaint") {
            figures shouldContain "errors=0"
            load.waitFor() shouldBe 0
        }
    }

    for (contestant in Contestant.all.filter(are)) {
        for (service in contestant.services) {
            test("${contestant.name} serves $service").config(enabledOrReasonIf = { available(contestant, service) }) {
                val server = start(*contestant.command(tools, quickToStart, service, fileOf(service)).toTypedArray())
                val output = server.inputReader()
                val endpoint = output.readLine().removePrefix("listening ")

                // The first one has a JVM load what it needs.
                loads.getValue(service).forEachIndexed { index, mode -> put(mode, endpoint, seconds = if (index == 0) 0.5 else 0.2) }

                if (contestant is JvmContestant) {
                    val input = server.outputWriter()
                    input.write("memory\n")
                    input.flush()
                    output.readLine() shouldMatch Regex("heap=[0-9]+ direct=[0-9]+")
                    input.close()
                    server.waitFor(10, SECONDS) shouldBe true
                } else {
                    server.isAlive shouldBe true
                    server.destroyForcibly()
                }
            }
        }

        test("${contestant.name} knows its version").config(enabledOrReasonIf = { available(contestant, contestant.services.first()) }) {
            contestant.version(tools) shouldMatch Regex(".*[0-9]+[.][0-9]+.*")
        }
    }
})

/** They ask for themselves. */
private const val ASKED = "asked"

/** What a load says that had no answer in its time, and nothing else to complain of. */
private const val NOTHING_DONE = "nothing was done in the measured time"

/** Who does nothing for so long is not just slow. */
private const val LONG_SECONDS = 10.0
