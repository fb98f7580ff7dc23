package io.hawser.udp

import io.hawser.DatagramServerOptions
import io.hawser.testkit.LeakCheck
import io.hawser.testkit.Program
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe
import kotlin.io.path.Path
import kotlin.io.path.useLines
import kotlin.time.Duration.Companion.milliseconds
import kotlinx.coroutines.delay
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeout
import kotlinx.coroutines.yield

/** More than the handlers can take, in a JVM of its own. */
class FloodSpec : StringSpec({
    extension(LeakCheck)

    "of a million datagrams a slow handler gets what there is room for, the others are counted, and memory stays flat" {
        Program.require("python3")
        withTimeout(HANG) { run(*java(Flooded)).trim() } shouldBe "all accounted for: true, dropped some: true, flat: true"
    }
})

/** Prints what a server makes of a flood that Python sends. */
object Flooded {
    @JvmStatic
    fun main(arguments: Array<String>): Unit = runBlocking {
        val options = DatagramServerOptions {
            queueCount = 1_000
            concurrency = 4
        }
        Udp.server(port = 0, options = options).start(this) { delay(1.milliseconds) }.use { server ->
            flood(server.port, 200_000)
            System.gc()
            val before = residentMiB()
            flood(server.port, 800_000)
            while (server.totals.run { handled + dropped } < server.totals.received) yield()
            val growth = residentMiB() - before
            val totals = server.totals
            println(
                "all accounted for: ${totals.received == totals.handled + totals.dropped}, dropped some: ${totals.dropped > 0}, " +
                    "flat: ${if (growth < 32) true else "grew by $growth MiB"}",
            )
        }
    }

    private suspend fun flood(port: Int, count: Int) {
        val said = run(
            "python3",
            "-c",
            "import socket\ns=socket.socket(socket.AF_INET,socket.SOCK_DGRAM)\ns.connect(('127.0.0.1',$port))\n" +
                "for i in range($count): s.send(b'x'*500)",
        )
        check(said.isEmpty()) { said }
    }

    private fun residentMiB(): Long =
        Path("/proc/self/status").useLines { lines -> lines.first { it.startsWith("VmRSS:") }.filter(Char::isDigit).toLong() / 1_024 }
}
