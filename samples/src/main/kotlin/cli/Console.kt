package io.hawser.samples.cli

import java.io.PrintWriter

/** Where the commands write: results to [out], everything else to [err]. Both flush with each line. */
internal class Console(val out: PrintWriter, val err: PrintWriter) {
    /** Says in one line what went wrong, and returns the status to exit with. */
    fun fail(what: String, status: Int = FAILED): Int {
        tell("hawser: $what")
        return status
    }

    /** Says in one line how things are. */
    fun tell(what: String) = err.println(what.replace(lineBreaks, " ").trim())

    /** Says in one line what somebody may not want. */
    fun warn(of: String) = err.println("hawser: warning: $of")

    companion object {
        const val DONE = 0
        const val FAILED = 1
        const val WRONG_USAGE = 2
        private val lineBreaks = Regex("""\s*\R\s*""")
    }
}
