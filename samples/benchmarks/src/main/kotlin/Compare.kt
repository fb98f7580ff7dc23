@file:JvmName("Compare")

package io.hawser.benchmarks

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
        val comparison = Processes().use { processes -> compare(Options.parse(args.toList()), processes) }
        print(comparison.render())
        if (comparison.failed.isEmpty()) 0 else 1
    } catch (e: IllegalArgumentException) {
        System.err.println("${e.message}\n\n${Options.HELP}")
        2
    } catch (e: Unavailable) {
        System.err.println(e.message)
        2
    }
    exitProcess(status)
}

private fun compare(options: Options, processes: Processes): Comparison {
    val tools = Tools(processes)
    val load = Load(tools.compileLoad(), options, processes)
    println(options)
    val servers = options.servers.mapNotNull { contestant ->
        try {
            Server.start(contestant, tools, options, processes)
        } catch (e: Unavailable) {
            println("${contestant.name} is left out: ${e.message}")
            null
        }
    }
    if (servers.isEmpty()) throw Unavailable("no server could be started")
    return measure(servers, load, options)
}
