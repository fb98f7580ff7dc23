package io.hawser.samples

import io.hawser.samples.cli.Console
import io.hawser.samples.cli.Termination
import io.hawser.samples.cli.hawser
import java.io.PrintWriter
import kotlinx.coroutines.runBlocking

/** `hawser.jar`. Its exit status is 0 for done, 1 for failed and 2 for wrong usage. */
public fun main(args: Array<String>) {
    val console = Console(PrintWriter(System.out, true), PrintWriter(System.err, true))
    val termination = Termination(console)
    val status = hawser(console, termination) { command -> runBlocking { command() } }.execute(*args)
    termination.exit(if (status == 0 && console.out.checkError()) console.fail("cannot write to standard output") else status)
}
