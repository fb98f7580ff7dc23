package io.hawser.samples

import io.hawser.testkit.LeakCheck
import io.kotest.core.extensions.SpecExtension
import io.kotest.core.extensions.TestCaseExtension
import io.kotest.core.spec.Spec
import io.kotest.core.spec.style.StringSpec
import io.kotest.core.test.TestCase
import io.kotest.engine.concurrency.TestExecutionMode
import io.kotest.engine.test.TestResult
import io.kotest.matchers.collections.shouldContainAll
import io.kotest.matchers.doubles.shouldBeBetween
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldMatch
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.nanoseconds
import kotlin.time.DurationUnit.SECONDS
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.delay
import kotlinx.coroutines.withContext

/** What `echo` does by the clock. Its tests wait for that side by side, so that leaks are looked for when all have ended. */
class EchoClockProcessSpec : StringSpec({
    extension(SideBySide)
    testExecutionMode = TestExecutionMode.Concurrent
    timeout = 300_000

    "the numbers come every second, and once more at the end" {
        val began = System.nanoTime()
        Child.hawser("echo", "--on", "127.0.0.1:0", "--stats").use { server ->
            val port = server.port()
            connected(port).use { open ->
                // A line for each of three seconds in which it is open.
                repeat(3) { while ("connections=1" !in server.errorLine()) Unit }
                open.shutdownOutput()
                open.getInputStream().read() shouldBe -1
            }
            server.signal("TERM")
            val end = server.end()
            val lasted = (System.nanoTime() - began).nanoseconds
            val lines = end.errors.trimEnd().lines()
            lines.forEach { it shouldMatch STATS }
            lines.size.toDouble().shouldBeBetween(3.0, lasted.toDouble(SECONDS) + 2, 0.0)
            lines.map { it.substringBefore(" refused") } shouldContainAll
                listOf("stats connections=1 accepted=1", "stats connections=0 accepted=1")
        }
    }

    "numbers that nobody reads delay neither the service nor the end" {
        val fullPipe = """
            r, w = os.pipe()
            fcntl.fcntl(w, fcntl.F_SETPIPE_SZ, 4096)
            os.set_inheritable(r, True)
            os.write(w, b'x' * fcntl.fcntl(w, fcntl.F_GETPIPE_SZ))
            os.dup2(w, 2)
        """
        Child.hawserPrepared(fullPipe, "echo", "--on", "127.0.0.1:0", "--stats", "--grace", "2m").use { server ->
            val port = server.port()
            connected(port).use { open ->
                delay(1_500.milliseconds)
                connected(port).close()
                open.shutdownOutput()
                open.getInputStream().read() shouldBe -1
            }
            server.signal("TERM")
            server.end() shouldBe Child.End(0, emptyList(), "")
        }
    }

    "an idle connection is closed, an active one lives" {
        Child.hawser("echo", "--on", "127.0.0.1:0", "--idle-timeout", "10s").use { server ->
            val port = server.port()
            connected(port).use { active ->
                connected(port).use { idle ->
                    coroutineScope {
                        val end = async(Dispatchers.IO) { idle.getInputStream().read() }
                        while (!end.isCompleted) {
                            active.getOutputStream().write('b'.code)
                            active.getInputStream().read() shouldBe 'b'.code
                            delay(50.milliseconds)
                        }
                        end.await() shouldBe -1
                    }
                    active.getOutputStream().write('c'.code)
                    active.getInputStream().read() shouldBe 'c'.code
                }
            }
            server.signal("TERM")
            server.end() shouldBe Child.End(0, emptyList(), "")
        }
    }

    listOf("TERM", "INT").forEach { signal ->
        "SIG$signal cuts after the grace who does not end, and exits 0" {
            Child.hawserInForeground("echo", "--on", "127.0.0.1:0", "--grace", "1s").use { server ->
                connected(server.port()).use { open ->
                    server.signal(signal)
                    open.getInputStream().read() shouldBe -1
                    server.end() shouldBe Child.End(0, emptyList(), "")
                }
            }
        }
    }

    "a second signal during the drain changes nothing" {
        Child.hawserInForeground("echo", "--on", "127.0.0.1:0", "--grace", "2m").use { server ->
            val port = server.port()
            connected(port).use { open ->
                server.signal("TERM")
                awaitRefusal(port)
                server.signal("INT")
                repeat(10) {
                    open.getOutputStream().write('b'.code)
                    open.getInputStream().read() shouldBe 'b'.code
                }
                open.shutdownOutput()
                open.getInputStream().read() shouldBe -1
            }
            server.end() shouldBe Child.End(0, emptyList(), "")
        }
    }
})

/** [LeakCheck] of a whole spec, whose tests may block. */
private object SideBySide : SpecExtension, TestCaseExtension {
    override suspend fun intercept(spec: Spec, execute: suspend (Spec) -> Unit) {
        LeakCheck.around { execute(spec) }
        LeakCheck.afterSpec(spec)
    }

    override suspend fun intercept(testCase: TestCase, execute: suspend (TestCase) -> TestResult): TestResult =
        withContext(Dispatchers.IO) { execute(testCase) }
}
