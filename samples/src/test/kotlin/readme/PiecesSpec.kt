package io.hawser.samples.readme

import io.kotest.assertions.withClue
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldContain
import io.kotest.matchers.ints.shouldBeGreaterThan
import io.kotest.matchers.shouldBe
import java.io.File

/** What pages show in Kotlin and Java is compiled, word by word. A build script, `kts`, is somebody else's. */
class PiecesSpec : StringSpec({
    val pages = files("md")

    "every piece of Kotlin and Java in a page stands in a source that is compiled" {
        val sources = files("kt", "java").filter {
            "/src/main/" in it.path || "/src/test/" in it.path
        }.groupBy({ it.extension == "java" }) {
            it.readText().words(isJava = it.extension == "java")
        }
        val pieces = pages.flatMap(File::pieces).filter { it.language in setOf("kotlin", "kt", "java") }
        pieces.size shouldBeGreaterThan 70
        pieces.filterNot { piece -> sources.getValue(piece.isJava).any { piece.words in it } } shouldBe emptyList()
    }

    "no fence is overlooked" {
        pages.map { it.toRelativeString(root) } shouldContain "core/broker/README.md"
        for (page in pages) {
            withClue(page) { page.readLines().count { Regex(" *(```|~~~).*").matches(it) } shouldBe 2 * page.pieces().size }
        }
    }
})
