package io.hawser.benchmarks.inside

import java.nio.file.Path
import java.util.concurrent.TimeUnit.MILLISECONDS
import org.openjdk.jmh.profile.GCProfiler
import org.openjdk.jmh.results.RunResult
import org.openjdk.jmh.runner.Runner
import org.openjdk.jmh.runner.options.OptionsBuilder
import org.openjdk.jmh.runner.options.TimeValue

/** What an operation of [benchmark], one of [group], takes: of time, give or take [error], and of memory. */
internal data class InsideRow(
    val group: String,
    /** With its parameters, if it has any. */
    val benchmark: String,
    val nanos: Double,
    /** Half of the interval in which the mean is with 99.9 %; not a number if that was measured too seldom to tell. */
    val error: Double,
    /** All that was allocated in the process meanwhile. */
    val bytes: Double,
)

/**
 * Measures what happens inside one process, each benchmark in a JVM of its own with the flags [jvm]: those whose `Class.method` has a
 * match of [only], or all of them. What JMH has to say goes to [log].
 *
 * @throws org.openjdk.jmh.runner.RunnerException if one fails.
 */
internal fun measureInside(quick: Boolean, jvm: List<String>, only: Regex?, log: Path): List<InsideRow> {
    val options = OptionsBuilder()
        .include("$PACKAGE.*(?:${only?.pattern.orEmpty()})")
        .addProfiler(GCProfiler::class.java)
        .jvmArgs(*jvm.toTypedArray())
        .shouldFailOnError(true)
        .output("$log")
    if (quick) {
        options.warmupIterations(1).warmupTime(quickly).measurementIterations(2).measurementTime(quickly)
    }
    return Runner(options.build()).run().map(::row)
}

private fun row(result: RunResult): InsideRow {
    val path = result.params.benchmark.split('.')
    val parameters = result.params.paramsKeys.map { " $it=${result.params.getParam(it)}" }
    return InsideRow(
        group = path[path.lastIndex - 1],
        benchmark = path.last() + parameters.joinToString(""),
        nanos = result.primaryResult.getScore(),
        error = result.primaryResult.getScoreError(),
        bytes = result.secondaryResults.getValue("gc.alloc.rate.norm").getScore(),
    )
}

private val PACKAGE = Regex.escape(InsideBenchmark::class.java.packageName)
private val quickly = TimeValue(100, MILLISECONDS)
