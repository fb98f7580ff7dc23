package io.hawser.benchmarks.server

import java.util.concurrent.Executor
import kotlin.concurrent.thread

/** Blocking sockets with a thread of the system for each connection. */
internal object JavaNet : BlockingSockets("java-net") {
    override fun newThreads(): Executor = Executor { thread(isDaemon = true, block = it::run) }
}
