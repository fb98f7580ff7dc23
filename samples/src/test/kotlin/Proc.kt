package io.hawser.samples

import java.io.File
import java.nio.file.Files
import java.util.concurrent.locks.LockSupport
import kotlin.time.Duration
import kotlin.time.Duration.Companion.nanoseconds

/** What the system says of the process [pid]. */
internal class Proc(private val pid: Long) {
    fun descriptors(): Int = links().size

    fun sockets(): Int = links().count { it.startsWith("socket:") }

    /** The share of one core that it uses over [time]. */
    fun processorShareOver(time: Duration): Double {
        val from = System.nanoTime()
        val before = processorTicks()
        while (System.nanoTime() - from < time.inWholeNanoseconds) LockSupport.parkNanos(time.inWholeNanoseconds)
        return (processorTicks() - before) / TICKS_PER_SECOND / ((System.nanoTime() - from).nanoseconds.inWholeMilliseconds / 1000.0)
    }

    private fun links(): List<String> = File("/proc/$pid/fd").listFiles().orEmpty()
        .mapNotNull { runCatching { Files.readSymbolicLink(it.toPath()).toString() }.getOrNull() }

    /** proc(5): utime and stime are the 14th and 15th field; the second one, in parentheses, may hold blanks. */
    private fun processorTicks(): Double =
        File("/proc/$pid/stat").readText().substringAfterLast(") ").split(' ').let { it[11].toDouble() + it[12].toDouble() }

    private companion object {
        /** USER_HZ, which is 100 on every Linux that a JVM runs on. */
        const val TICKS_PER_SECOND = 100.0
    }
}
