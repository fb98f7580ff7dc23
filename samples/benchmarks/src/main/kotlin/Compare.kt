@file:JvmName("Compare")

package io.hawser.benchmarks

import io.hawser.benchmarks.report.Circumstances
import io.hawser.benchmarks.report.Results
import io.hawser.benchmarks.report.Section
import kotlin.system.exitProcess

/**
 * Measures Hawser and its peers side by side, as the options say; `--help` lists them.
 *
 * Exits with 0 when every server that could be started has all its figures, with 1 if one failed under load, and with 2 if nothing
 * could be measured at all.
 */
public fun main(args: Array<String>) {
    if ("--help" in args) {
        println(Options.HELP)
        return
    }
    val status = try {
        Processes().use { measure(Options.parse(args.toList()), it) }
    } catch (e: IllegalArgumentException) {
        System.err.println("${e.message}\n\n${Options.HELP}")
        2
    } catch (e: Unavailable) {
        System.err.println(e.message)
        2
    }
    exitProcess(status)
}

private fun measure(options: Options, processes: Processes): Int {
    val tools = Tools(processes)
    val session = Session(options, tools, processes)
    val sections = options.benchmarks.mapNotNull { benchmark ->
        try {
            benchmark.run(session).also { println("\n${it.markdown(folder = "charts")}") }
        } catch (e: Unavailable) {
            processes.checkOpen()
            println("${benchmark.name} is left out: ${e.message}")
            null
        }
    }
    if (sections.isEmpty()) throw Unavailable("nothing could be measured")
    val file = tools.results(options.isComplete)
    Results(Circumstances(options, tools), sections).writeTo(file)
    println("written to $file")
    return if (sections.any(Section::failed)) 1 else 0
}
