package io.hawser.samples.demo

import java.io.PrintWriter
import java.util.concurrent.atomic.AtomicLong
import kotlin.time.Duration.Companion.milliseconds
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.delay
import kotlinx.coroutines.launch

/** Shows how far long work has come, on one line of [terminal] that is written over and over; nowhere if there is none. */
internal class Progress(private val terminal: PrintWriter?) {
    /** Runs [work], which counts up to [total], and leaves nothing on the line. */
    suspend fun <R> during(what: String, total: Long, work: suspend (done: AtomicLong) -> R): R {
        val done = AtomicLong()
        if (terminal == null) return work(done)
        return coroutineScope {
            val display = launch {
                try {
                    while (true) {
                        terminal.rewrite("${what.takeLast(WIDTH)}  ${done.get() * 100 / total} %")
                        delay(PERIOD)
                    }
                } finally {
                    terminal.rewrite("")
                }
            }
            work(done).also { display.cancel() }
        }
    }

    private fun PrintWriter.rewrite(line: String) {
        print("\r$line$ERASE_THE_REST")
        flush()
    }

    private companion object {
        val PERIOD = 100.milliseconds
        const val ERASE_THE_REST = "\u001b[K"

        /** A line that wraps could not be written over. */
        const val WIDTH = 70
    }
}
