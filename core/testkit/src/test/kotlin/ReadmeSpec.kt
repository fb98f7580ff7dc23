package io.hawser.testkit

import io.kotest.assertions.withClue
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.ints.shouldBeGreaterThan
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import java.io.File
import kotlin.reflect.KClass

/** What the testkit's page shows is compiled, and names all of it. */
class ReadmeSpec : StringSpec({
    val page = File("README.md").readText()

    "every piece of Kotlin stands in a source that is compiled" {
        val pieces = Regex("```kotlin\n(.*?)```", RegexOption.DOT_MATCHES_ALL).findAll(page).map { it.groupValues[1] }.toList()
        val sources = File("src").walk().filter { it.extension == "kt" }.map { it.readText().words() }.toList()
        pieces.size shouldBeGreaterThan 4
        for (piece in pieces) withClue(piece) { sources.any { piece.words() in it } shouldBe true }
    }

    "every contract is named" {
        val contracts = File("src/main/kotlin/contract").list().orEmpty().filter { it.endsWith("Contract.kt") }
        contracts.size shouldBeGreaterThan 10
        for (contract in contracts) page shouldContain contract.removeSuffix(".kt")
    }

    "every fault is named" {
        val proxies = listOf<KClass<*>>(RunningFaultProxy::class, RunningDatagramFaultProxy::class).flatMap {
            it.java.declaredMethods.asList()
        }
        val faults = proxies.map { it.name }.filter { it.startsWith("set") }.map { it.removePrefix("set").substringBefore('-') }
        faults.distinct().size shouldBeGreaterThan 9
        for (fault in faults) page shouldContain "`${fault.replaceFirstChar(Char::lowercase)}`"
    }
})

private fun String.words(): String = split(Regex("\\s+")).filter { it.isNotEmpty() }.joinToString(" ")
