package io.hawser.samples.demo

import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldContain
import io.kotest.matchers.shouldBe
import java.io.PrintWriter
import java.io.Writer
import java.util.concurrent.CopyOnWriteArrayList
import kotlinx.coroutines.CompletableDeferred

class ProgressSpec : StringSpec({
    timeout = 60_000

    /** Completes [seen] with the first line that contains [text]. */
    class Terminal(private val text: String) : Writer() {
        val lines = CopyOnWriteArrayList<String>()
        val seen = CompletableDeferred<Unit>()

        override fun write(chars: CharArray, offset: Int, length: Int) {
            lines += String(chars, offset, length)
            if (text in lines.last()) seen.complete(Unit)
        }

        override fun flush() = Unit

        override fun close() = Unit
    }

    "one line is written over until the work is done, and nothing is left of it" {
        val terminal = Terminal("50 %")
        Progress(PrintWriter(terminal)).during("tcp: streaming", total = 200) { done ->
            done.set(100)
            terminal.seen.await()
            "result"
        } shouldBe "result"
        terminal.lines shouldContain "\rtcp: streaming  50 %\u001b[K"
        terminal.lines.last() shouldBe "\r\u001b[K"
    }

    "nothing is left of it after a failure" {
        val terminal = Terminal("0 %")
        shouldThrow<IllegalStateException> {
            Progress(PrintWriter(terminal)).during("work", total = 1) {
                terminal.seen.await()
                error("failed")
            }
        }
        terminal.lines.last() shouldBe "\r\u001b[K"
    }

    "the line stays narrower than a terminal" {
        val terminal = Terminal("0 %")
        Progress(PrintWriter(terminal)).during("x".repeat(500), total = 1) { terminal.seen.await() }
        terminal.lines.maxOf { it.removePrefix("\r").removeSuffix("\u001b[K").length } shouldBe 75
    }

    "without a terminal there is only the work" {
        Progress(terminal = null).during("work", total = 1) { it.incrementAndGet() } shouldBe 1
    }
})
