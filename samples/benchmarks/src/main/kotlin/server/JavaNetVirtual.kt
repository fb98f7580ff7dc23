package io.hawser.benchmarks.server

import io.hawser.benchmarks.Tools
import io.hawser.benchmarks.Unavailable
import java.nio.file.Path
import java.util.concurrent.Executor
import java.util.concurrent.Executors

/** Blocking sockets with a virtual thread for each connection. */
internal object JavaNetVirtual : BlockingSockets("java-net-virtual") {
    private const val FIRST_JAVA = 21

    override fun command(tools: Tools, jvm: List<String>, service: String, file: Path): List<String> {
        val java = Runtime.version().feature()
        if (java < FIRST_JAVA) throw Unavailable("virtual threads need Java $FIRST_JAVA, this is $java")
        return super.command(tools, jvm, service, file)
    }

    /** By its name: it is not in the oldest Java that we compile for. */
    override fun newThreads(): Executor = Executors::class.java.getMethod("newVirtualThreadPerTaskExecutor").invoke(null) as Executor
}
