package io.hawser.samples.cli

import java.io.IOException
import java.nio.file.Files
import java.nio.file.Path

/**
 * Whether somebody watches stderr on a terminal that can rewrite a line. Java knows only of stdin and stdout ([System.console]), which
 * is the second best answer, where there is no `/proc`.
 */
internal fun stderrIsTerminal(): Boolean = System.getenv("TERM") !in listOf(null, "dumb") && isTerminal(descriptor = 2)

/** Whether somebody types on stdin. */
internal fun stdinIsTerminal(): Boolean = isTerminal(descriptor = 0)

private fun isTerminal(descriptor: Int): Boolean = try {
    val target = Files.readSymbolicLink(Path.of("/proc/self/fd/$descriptor")).toString()
    terminals.any(target::startsWith)
} catch (_: IOException) {
    System.console() != null
}

private val terminals = listOf("/dev/pts/", "/dev/tty", "/dev/console")
