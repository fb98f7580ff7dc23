package io.hawser.testkit

import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.ints.shouldBeGreaterThan
import io.kotest.matchers.string.shouldContain
import java.io.File
import kotlin.reflect.KClass

/** The testkit's page names all of it. */
class ReadmeSpec : StringSpec({
    val page = File("README.md").readText()

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
