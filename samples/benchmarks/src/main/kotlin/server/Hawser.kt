package io.hawser.benchmarks.server

import io.hawser.copyTo
import io.hawser.tcp.Tcp
import kotlinx.coroutines.runBlocking

/** Hawser as it comes: no option is set. */
internal object Hawser : JvmContestant("hawser") {
    @JvmStatic
    public fun main(args: Array<String>): Unit = runBlocking {
        Tcp.server(port = 0).serve(onStart = { announce(it.port) }) { it.copyTo(it) }
    }
}
