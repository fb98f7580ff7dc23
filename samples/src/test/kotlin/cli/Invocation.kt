package io.hawser.samples.cli

import java.io.PrintWriter
import java.io.StringWriter
import kotlinx.coroutines.runBlocking

/** What a command line came to, in this process. */
internal data class Invocation(val status: Int, val out: String, val err: String)

internal fun invoke(vararg arguments: String): Invocation {
    // Or the first of these to be verbose would be it for all of them.
    System.setProperty("org.slf4j.simpleLogger.defaultLogLevel", "warn")
    val out = StringWriter()
    val err = StringWriter()
    val console = Console(PrintWriter(out), PrintWriter(err))
    val status = hawser(console, Termination(console)) { command -> runBlocking { command() } }.execute(*arguments)
    return Invocation(status, "$out", "$err")
}
