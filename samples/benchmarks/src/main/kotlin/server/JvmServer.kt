package io.hawser.benchmarks.server

import java.lang.management.BufferPoolMXBean
import java.lang.management.ManagementFactory
import java.nio.file.Path
import kotlin.concurrent.thread
import kotlin.system.exitProcess

/**
 * The program of every [JvmContestant]: `CLASS SERVICE FILE`.
 *
 * A line `memory` on stdin makes it collect its garbage and print what it still holds, and the end of stdin ends it: it does not outlive
 * who started it.
 */
internal object JvmServer {
    private const val MOST_COLLECTIONS = 20
    private const val PAUSE_MILLIS = 50L

    @JvmStatic
    public fun main(args: Array<String>) {
        val contestant = Class.forName(args[0]).getField("INSTANCE").get(null) as JvmContestant
        thread(isDaemon = true, name = "stdin") { listen(contestant) }
        contestant.serve(service = args[1], file = Path.of(args[2]))
    }

    private fun listen(contestant: JvmContestant) {
        for (line in generateSequence(::readlnOrNull)) {
            if (line == "memory") println("heap=${heap()} direct=${directBuffers() + contestant.foreignMemory}")
        }
        exitProcess(0)
    }

    /** Collects until there is no more to collect. What is freed with a buffer is freed on another thread, hence the pause. */
    private fun heap(): Long {
        var least = Long.MAX_VALUE
        repeat(MOST_COLLECTIONS) {
            System.gc()
            Thread.sleep(PAUSE_MILLIS)
            val used = ManagementFactory.getMemoryMXBean().heapMemoryUsage.used
            if (used >= least) return least
            least = used
        }
        return least
    }

    /** What the JDK has in direct buffers. */
    fun directBuffers(): Long =
        ManagementFactory.getPlatformMXBeans(BufferPoolMXBean::class.java).single { it.name == "direct" }.memoryUsed
}
