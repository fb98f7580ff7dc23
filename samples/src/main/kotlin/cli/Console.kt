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
    fun tell(what: String) = err.println(what.take(LONGEST).replace(lineBreaks, " ").replace(unprintable, "?").trim())

    /** Says in one line what somebody may not want. */
    fun warn(of: String) = err.println("hawser: warning: $of")

    companion object {
        const val DONE = 0
        const val FAILED = 1
        const val WRONG_USAGE = 2

        /** A peer may have a say in it. */
        private const val LONGEST = 4096

        /** What controls a terminal, or turns the direction of its text around. */
        val unprintable = Regex("""[\u0000-\u0008\u000a-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]""")
        private val lineBreaks = Regex("""\s*\R\s*""")
    }
}
