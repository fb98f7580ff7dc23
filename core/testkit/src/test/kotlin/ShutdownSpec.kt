package io.hawser.testkit

import io.hawser.reconnect.LinkState
import io.hawser.reconnect.reconnecting
import io.hawser.shutdownAfter
import io.hawser.shutdownOnTermination
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.Job
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.delay
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking

/** A server and a link in a process of their own, which says how they end. */
object TerminatedProcess {
    @JvmStatic
    fun main(arguments: Array<String>): Unit = runBlocking {
        val server = Memory.server().start(this) { connection ->
            connection.writeLine("welcome")
            connection.lines().collect { println("the server got $it") }
        }
        val link = Memory.client(server).reconnecting().start(this) { connection ->
            // A server that shuts down forgets whom it has not accepted.
            connection.readLine()
            println("the session runs")
            if (arguments.single() == "stuck") awaitCancellation()
            connection.draining.first { it }
            connection.writeLine("bye")
        }
        shutdownOnTermination { error("undone") }.close()
        shutdownOnTermination(patience = if (arguments.single() == "stuck") 100.milliseconds else 30.seconds) {
            link.shutdown(grace = 20.seconds)
            server.shutdown(grace = 20.seconds)
            println("all has ended")
        }
        link.join()
    }
}

class ShutdownSpec : StringSpec({
    extension(LeakCheck)

    "a process that is told to end shuts down first" {
        for (signal in listOf("TERM", "INT")) {
            Program.java(TerminatedProcess::class.java, "polite").use { program ->
                program.awaitLine("the session runs")
                program.signal(signal)
                val (output, status) = program.finish()
                // The loops' watchdog may speak in between.
                output.lines().filter { it == "the server got bye" || it == "all has ended" } shouldBe
                    listOf("the server got bye", "all has ended")
                status shouldBe if (signal == "TERM") 143 else 130
            }
        }
    }

    "it waits no longer than its patience" {
        Program.java(TerminatedProcess::class.java, "stuck").use { program ->
            program.awaitLine("the session runs")
            program.signal("TERM")
            val (output, status) = program.finish()
            output.lines().none { it == "all has ended" } shouldBe true
            status shouldBe 143
        }
    }

    "what another scope uses is shut down when that has ended" {
        virtualTime {
            val server = server().start(this) { awaitCancellation() }
            val link = client(server).reconnecting().start(this) { awaitCancellation() }
            link.awaitConnected()
            val user = launch { delay(5.seconds) }
            shutdownAfter(user) { link.shutdown(grace = 1.seconds) }
            link.join()
            elapsed shouldBe 6.seconds
            link.state.value shouldBe LinkState.Stopped(null)
            val undone = Job()
            shutdownAfter(undone) { error("never") }.cancel()
            undone.complete()
            server.close()
        }
    }
})
