package io.hawser.benchmarks.inside

import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldNotBeEmpty
import io.kotest.matchers.doubles.shouldBeGreaterThan
import io.kotest.matchers.longs.shouldBeGreaterThan
import io.kotest.matchers.shouldBe
import java.lang.reflect.Modifier
import java.nio.file.Path
import kotlin.io.path.createDirectories
import kotlin.io.path.fileSize
import kotlin.io.path.listDirectoryEntries
import kotlin.io.path.nameWithoutExtension
import kotlin.io.path.toPath
import org.openjdk.jmh.runner.BenchmarkList

internal class InsideSpec : FunSpec({
    // Somebody may be measuring at the same time, which the figures here need not be right for.
    beforeSpec { System.setProperty("jmh.ignoreLock", "true") }

    test("a benchmark is measured, its time and its memory") {
        val log = Path.of("target", "logs").createDirectories().resolve("inside-spec.log")
        val row = measureInside(quick = true, listOf("-Xmx64m"), Regex("EventLoops.yieldToNobody"), log).single()
        row.group shouldBe "EventLoops"
        row.benchmark shouldBe "yieldToNobody"
        row.nanos.isFinite() shouldBe true
        row.nanos shouldBeGreaterThan 0.0
        row.bytes.isFinite() shouldBe true
        log.fileSize() shouldBeGreaterThan 0
    }

    test("JMH knows every class of benchmarks") {
        val here = InsideBenchmark::class.java
        val compiled = here.getResource("${here.simpleName}.class")!!.toURI().toPath().parent.listDirectoryEntries("*.class")
            .map { Class.forName("${here.packageName}.${it.nameWithoutExtension}") }
            .filter { here.isAssignableFrom(it) && !Modifier.isAbstract(it.modifiers) }
        compiled.shouldNotBeEmpty()
        val known = here.getResourceAsStream("/META-INF/BenchmarkList").use(BenchmarkList::readBenchmarkList)
        known.mapTo(mutableSetOf()) { it.userClassQName } shouldBe compiled.mapTo(mutableSetOf()) { it.name }
    }
})
