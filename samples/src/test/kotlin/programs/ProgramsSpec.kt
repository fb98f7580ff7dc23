package io.hawser.samples.programs

import io.hawser.samples.Child
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe

/** The programs that show how to write one print what they say. */
class ProgramsSpec : StringSpec({
    timeout = 180_000

    "the notebook notes, counts, and ends with its server" {
        Child.program("io.hawser.samples.programs.NotebookKt").use { program ->
            program.end() shouldBe Child.End(
                status = 0,
                lines = listOf("noted: milk", "noted: bread", "silence", "2 notes", "ShutdownReport(drained=1, cut=0)"),
                errors = "",
            )
        }
    }
})
