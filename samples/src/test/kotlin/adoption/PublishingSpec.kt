package io.hawser.samples.adoption

import io.kotest.assertions.withClue
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.collections.shouldContainExactlyInAnyOrder
import io.kotest.matchers.collections.shouldNotBeEmpty
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldEndWith
import java.util.zip.ZipFile
import kotlin.io.path.extension
import kotlin.io.path.relativeTo

/** What leaves the house is complete. */
class PublishingSpec : StringSpec({
    "the BOM has each library in its own version, and nothing else" {
        Reactor.bom.managed.map { "$it" } shouldContainExactlyInAnyOrder Reactor.libraries.map { "io.hawser:$it" }
        Reactor.bom.managed.map { it.version }.toSet() shouldBe setOf("\${project.version}")
        withClue("whoever imports it gets nothing of a parent") { Reactor.bom.elements("parent").shouldBeEmpty() }
    }

    "samples, benchmarks and the site stay here" {
        val kept = Reactor.modules.filterNot { it.isPublished }.map { it.artifact }
        kept shouldContainExactlyInAnyOrder listOf("hawser-samples", "hawser-benchmarks", "hawser-documentation")
        val plugins = Reactor.bom.elements(
            "profiles",
            "profile",
            "build",
            "plugins",
            "plugin",
            "configuration",
            "excludeArtifacts",
            "excludeArtifact",
        )
        plugins.map { it.textContent } shouldContainExactlyInAnyOrder kept
    }

    "each pom says what it is, and the rest comes from the one that all have as a parent" {
        for (pom in Reactor.libraries + Reactor.bom + Reactor.parent) {
            withClue(pom) {
                pom.text("name").orEmpty().substringBefore(' ') shouldBe "Hawser"
                pom.text("description").orEmpty() shouldEndWith "."
            }
        }
        Reactor.parent.text("parent", "artifactId") shouldBe "hawser-bom"
        Reactor.libraries.map { it.text("parent", "artifactId") }.toSet() shouldBe setOf("hawser-parent")
        Reactor.bom.text("licenses", "license", "url") shouldBe "https://www.apache.org/licenses/LICENSE-2.0"
        Reactor.bom.text("developers", "developer", "name") shouldBe "Hawser's authors"
        Reactor.bom.text("scm", "developerConnection") shouldBe "scm:git:https://hawser.io/hawser.git"
    }

    "what a library depends on, and where it is from, stands in its bill of materials" {
        for (library in Reactor.libraries) {
            val bill = Reactor.bill(library)
            withClue(library) {
                bill.direct shouldContainExactlyInAnyOrder library.dependencies.filterNot { it.isForTests }.map { "$it" }
                // As Maven inherits them, which would have the folder of the module in it unless told otherwise.
                bill.links shouldBe mapOf("website" to "https://hawser.io", "vcs" to "https://hawser.io/hawser.git")
                bill.licenses shouldBe listOf("Apache-2.0")
                bill.ofThisOccasion.shouldBeEmpty()
            }
        }
    }

    "what is here for tests comes with the testkit, and with nothing else" {
        val forTests =
            Regex(
                "io\\.kotest:.*|org\\.junit.*|org\\.opentest4j:.*|io\\.mockk:.*|ch\\.qos\\.logback:.*|org\\.bouncycastle:.*|.*:hawser-testkit",
            )
        val (testkit, others) = Reactor.libraries.partition { it.artifact == "hawser-testkit" }
        for (library in others) {
            withClue(library) { Reactor.bill(library).components.map { it.name }.filter(forTests::matches).shouldBeEmpty() }
        }
        Reactor.bill(testkit.single()).components.map { it.name }.filter(forTests::matches).shouldNotBeEmpty()
    }

    "the jars of sources have all of them" {
        Reactor.requireJars()
        for (library in Reactor.libraries) {
            val sources = listOf("kotlin", "java").map { library.file.resolveSibling("src/main/$it") }
                .flatMap { root -> root.files().filter { it.extension == "kt" || it.extension == "java" }.map { "${it.relativeTo(root)}" } }
            ZipFile(library.built("-sources.jar").toFile()).use { jar ->
                val packed = jar.entries().toList().map { it.name }.filter { it.endsWith(".kt") || it.endsWith(".java") }
                withClue(library) { packed shouldContainExactlyInAnyOrder sources }
            }
        }
    }
})
