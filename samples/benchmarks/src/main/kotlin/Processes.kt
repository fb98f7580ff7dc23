package io.hawser.benchmarks

import java.io.BufferedReader
import java.io.IOException
import java.util.concurrent.CompletableFuture
import java.util.concurrent.ConcurrentHashMap
import java.util.concurrent.TimeUnit.SECONDS
import java.util.concurrent.TimeoutException

/** The next line, or null at the end or if there is none for 30 seconds. */
internal fun BufferedReader.nextLine(): String? = try {
    CompletableFuture.supplyAsync(::readLine).get(LINE_SECONDS, SECONDS)
} catch (_: TimeoutException) {
    null
}

private const val LINE_SECONDS = 30L

/** Starts processes and sees to it that none outlives this one: [close] kills them, and so does the end of the JVM. */
internal class Processes : AutoCloseable {
    private val running = ConcurrentHashMap.newKeySet<Process>()

    /** Guarded by `this`, so that no process is started while the others are killed. */
    private var closed = false

    init {
        Runtime.getRuntime().addShutdownHook(Thread(::close))
    }

    /** @throws Unavailable if there is no such program, or after [close]. */
    @Synchronized
    fun start(builder: ProcessBuilder): Process {
        checkOpen()
        val process = try {
            builder.start()
        } catch (_: IOException) {
            throw Unavailable("there is no ${builder.command().first()} on this machine")
        }
        running += process
        process.onExit().thenAccept { running -= it }
        return process
    }

    /** @throws Unavailable after [close]: what goes wrong then is our own doing. */
    @Synchronized
    fun checkOpen() {
        if (closed) throw Unavailable("the comparison was ended")
    }

    @Synchronized
    override fun close() {
        closed = true
        // By their handles, because Process.destroyForcibly also closes the streams that another thread may be reading.
        running.forEach { it.toHandle().destroyForcibly() }
    }
}
