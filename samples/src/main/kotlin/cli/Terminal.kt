package io.hawser.samples.cli

import java.io.IOException
import java.nio.file.Files
import java.nio.file.NoSuchFileException
import java.nio.file.Path
import kotlin.io.path.listDirectoryEntries

/**
 * Whether somebody watches stderr on a terminal that can rewrite a line. Java knows only of stdin and stdout ([System.console]), which
 * is the second best answer, where there is no `/proc`.
 */
internal fun stderrIsTerminal(): Boolean = hasScreen() && isTerminal(descriptor = 2)

/** Whether somebody watches stdout on a terminal with a screen, and types there. */
internal fun isInteractive(): Boolean = hasScreen() && isTerminal(descriptor = 1) && isTerminal(descriptor = 0)

/** Whether somebody types on stdin. */
internal fun stdinIsTerminal(): Boolean = isTerminal(descriptor = 0)

/**
 * Whether there was no stdin when the process began: then its descriptor is that of the first file that the JVM opened, its own modules.
 * Who redirects these on purpose has them open twice.
 */
internal fun stdinWasClosed(): Boolean = try {
    val target = Files.readSymbolicLink(Path.of("/proc/self/fd/0"))
    target.startsWith(Path.of(System.getProperty("java.home")).toRealPath()) && opened().count { it == target } == 1
} catch (_: IOException) {
    false
}

private fun opened(): List<Path> = Path.of("/proc/self/fd").listDirectoryEntries().mapNotNull {
    try {
        Files.readSymbolicLink(it)
    } catch (_: NoSuchFileException) {
        // It was open for listing these.
        null
    }
}

private fun hasScreen(): Boolean = System.getenv("TERM") !in listOf(null, "dumb")

private fun isTerminal(descriptor: Int): Boolean = try {
    val target = Files.readSymbolicLink(Path.of("/proc/self/fd/$descriptor")).toString()
    terminals.any(target::startsWith)
} catch (_: IOException) {
    System.console() != null
}

private val terminals = listOf("/dev/pts/", "/dev/tty", "/dev/console")
