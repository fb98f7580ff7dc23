package io.hawser.testkit

import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.core.test.config.DefaultTestConfig
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldStartWith
import java.nio.file.Path
import kotlin.time.Duration.Companion.hours
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.CoroutineStart.UNDISPATCHED
import kotlinx.coroutines.async
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.delay
import kotlinx.coroutines.launch
import kotlinx.coroutines.withTimeoutOrNull

class ProgramSpec : StringSpec({
    extension(LeakCheck)
    defaultTestConfig = DefaultTestConfig(timeout = 60.seconds)

    "a program is talked to" {
        Program.start("sh", "-c", "echo one; echo two >&2; read x; echo got \$x; cat; exit 3").use { program ->
            program.line() shouldBe "one"
            program.line() shouldBe "two"
            program.say("it\n")
            program.awaitLine("got it") shouldBe "got it"
            program.say("the rest")
            program.endInput()
            program.finish() shouldBe ("the rest" to 3)
            program.line() shouldBe null
        }
    }

    "what was skipped is not lost" {
        Program.start("sh", "-c", "echo one; echo two; echo three").use { program ->
            program.awaitLine("the second") { it.startsWith("tw") } shouldBe "two"
            program.finish() shouldBe ("one\nthree\n" to 0)
        }
        Program.start("sh", "-c", "echo one").use { program ->
            shouldThrow<IllegalStateException> { program.awaitLine("two") }.message shouldBe "no \"two\" in:\none\n"
        }
    }

    "who waits no longer ends the program" {
        coroutineScope {
            Program.start("sh", "-c", "sleep 600; echo awake").use { program ->
                val waiting = async(start = UNDISPATCHED) { program.line() }
                waiting.cancelAndJoin()
                ProcessHandle.of(program.pid).map { it.isAlive }.orElse(false) shouldBe false
            }
        }
    }

    "who waits no longer does not wait for what has left the program's group" {
        coroutineScope {
            // Its number is what it prints before it sleeps. Who started it stays, because with it the JDK lets go of what comes later.
            Program.start("sh", "-c", "(setsid sh -c 'echo \$\$; exec sleep 600' &); read x").use { program ->
                val straggler = ProcessHandle.of(checkNotNull(program.line()).toLong()).get()
                try {
                    val waiting = async(start = UNDISPATCHED) { program.line() }
                    waiting.cancel()
                    withTimeoutOrNull(30.seconds) { waiting.join() } shouldBe Unit
                } finally {
                    straggler.destroyForcibly()
                }
            }
        }
    }

    "a program is waited for in real time" {
        val loop = ManualLoop()
        Program.start("sh", "-c", "read x; echo got it").use { program ->
            val line = CoroutineScope(loop.dispatcher).async { program.line() }
            loop.advanceBy(1.hours)
            program.say("\n")
            while (!line.isCompleted) {
                loop.runUntilIdle()
                delay(1.milliseconds)
            }
            line.await() shouldBe "got it"
        }
    }

    "a wait that is too long fails, whatever comes meanwhile" {
        coroutineScope {
            for (command in listOf("echo tick; sleep 600", "while true; do echo tick; sleep 0.01; done")) {
                launch {
                    Program(ProcessBuilder("sh", "-c", command).start(), patience = 20.seconds).use { program ->
                        val failure = shouldThrow<AssertionError> { program.awaitLine("the end") }
                        failure.message shouldStartWith "program ${program.pid}: "
                        failure.message shouldContain " has kept us waiting for 20s, and printed before:\ntick\n"
                        ProcessHandle.of(program.pid).map { it.isAlive }.orElse(false) shouldBe false
                    }
                }
            }
        }
    }

    "whatever a program is just starting goes with it" {
        // A number that nobody else sleeps for.
        val time = "617.${ProcessHandle.current().pid()}"
        coroutineScope {
            repeat(50) {
                Program.start("sh", "-c", "sleep $time & sleep $time; echo awake").use { program ->
                    val waiting = async(start = UNDISPATCHED) { program.line() }
                    waiting.cancelAndJoin()
                }
            }
            while (ProcessHandle.allProcesses().anyMatch { time in it.info().arguments().orElse(emptyArray()) }) delay(1.milliseconds)
        }
    }

    "a signal reaches it, and its children go with it" {
        Program.start("sh", "-c", "trap 'echo caught; exit 7' TERM; echo ready; while true; do sleep 0.01; done").use { program ->
            program.awaitLine("ready")
            program.signal("TERM")
            program.finish() shouldBe ("caught\n" to 7)
        }
        Program.start("sh", "-c", "sleep 600 & echo ready; wait").use { program ->
            program.awaitLine("ready")
            program.kill()
            // The child has the pipe too: while it lives there is no end.
            program.finish() shouldBe ("" to KILLED)
        }
    }

    "it runs where it is told to, and Java with this class path" {
        Program.start(Path.of("/"), "pwd").use { it.finish() shouldBe ("/\n" to 0) }
        Program.java(Talkative::class.java, "hello").use { it.finish() shouldBe ("hello\n" to 0) }
        Program.java(Talkative::class.java.name, "hello", wrapper = listOf("env", "LANG=C"), options = listOf("-Xmx32m")).use {
            it.finish() shouldBe ("hello\n" to 0)
        }
        Program.java(Talkative::class.java.name, classPath = { false }).use { it.finish().first shouldContain "Talkative" }
    }

    "a program that is not installed aborts the test, or fails it under CI" {
        shouldThrow<Exception> { Program.start("no-such-program") }.message shouldBe "no-such-program is not installed"
    }
})

/** The status of what SIGKILL has ended. */
private const val KILLED = 137

internal object Talkative {
    @JvmStatic
    fun main(arguments: Array<String>) = println(arguments.single())
}
