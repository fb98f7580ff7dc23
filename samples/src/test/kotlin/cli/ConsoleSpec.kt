package io.hawser.samples.cli

import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe
import java.io.PrintWriter
import java.io.StringWriter

class ConsoleSpec : StringSpec({
    "what a peer has said neither breaks a line nor controls the terminal, and is not endless" {
        fun told(
            what: String,
        ): String = StringWriter().also { Console(PrintWriter(StringWriter()), PrintWriter(it)).tell(what) }.toString().trimEnd()
        told("refused:\n  \u001b[2Jno\tplace\u009b1m \u202eback") shouldBe "refused: ?[2Jno\tplace?1m ?back"
        told("x".repeat(100_000)).length shouldBe 4096
    }
})
