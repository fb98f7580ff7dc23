package io.hawser.samples.cli

import java.io.IOException
import java.nio.file.Files
import java.nio.file.Path

/**
 * Whether somebody watches stderr on a terminal that can rewrite a line. Java knows only of stdin and stdout ([System.console]), which
 * is the second best answer, where there is no `/proc`.
 */
internal fun stderrIsTerminal(): Boolean {
    if (System.getenv("TERM") in listOf(null, "dumb")) return false
    return try {
        val target = Files.readSymbolicLink(Path.of("/proc/self/fd/2")).toString()
        terminals.any(target::startsWith)
    } catch (_: IOException) {
        System.console() != null
    }
}

private val terminals = listOf("/dev/pts/", "/dev/tty", "/dev/console")
