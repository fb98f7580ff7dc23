package io.hawser.testkit.leak

import java.io.IOException
import java.nio.file.Files
import java.nio.file.Path

/**
 * What this process holds at one moment: descriptors of sockets, pipes and selectors, where there is `/proc`, and threads.
 */
internal class Holdings private constructor(private val descriptors: List<String>, private val threads: List<Threads.Seen>) {
    /** The descriptors that are not in [baseline]. A selector's have no identity: there it is their number that counts. */
    fun descriptorsBeyond(baseline: Holdings): List<String> = descriptors.beyond(baseline.descriptors)

    /** The names of all but those that a pool of the library has nothing to do for. */
    private val kept: List<String> get() = threads.filterNot { it.isSpare }.map { it.name }

    /** The threads that are not in [baseline], not spare, and not the JVM's, the coroutine library's or the test framework's own. */
    fun threadsBeyond(baseline: Holdings): List<String> =
        kept.beyond(baseline.kept).filterNot { name -> COMMON_THREADS.any(name::startsWith) }.map { "thread $it" }

    /** The spare threads that were not there at all in [baseline]. */
    fun spareBeyond(baseline: Holdings): List<Threads.Seen> {
        val known = baseline.threads.map { it.number }.toSet()
        return threads.filter { it.isSpare && it.number !in known }
    }

    /** Those of [others] that are still there. */
    fun stillThere(others: List<Threads.Seen>): List<Threads.Seen> {
        val alive = threads.map { it.number }.toSet()
        return others.filter { it.number in alive }
    }

    companion object {
        private val DESCRIPTORS: Path = Path.of("/proc/self/fd")

        private val KINDS = listOf("socket:", "pipe:", "anon_inode:[eventpoll]", "anon_inode:[eventfd]")

        /** Threads that come with first use and stay, or go when it suits them, whatever a test does. */
        private val COMMON_THREADS = listOf(
            "DefaultDispatcher-worker-",
            "hawser-disk-",
            "kotlinx.coroutines.",
            "kotest-",
            "blocking-thread-timeout",
            "junit-",
            "surefire-",
            "ForkJoinPool",
            "Common-Cleaner",
            "Cleaner-",
            "InnocuousThread-",
            "process reaper",
            "VirtualThread-",
            "Read-Poller",
            "Write-Poller",
            "Attach Listener",
            "JFR ",
            "RMI ",
            "Notification Thread",
            "C1 CompilerThread",
            "C2 CompilerThread",
        )

        fun now(): Holdings = Holdings(descriptors(), Threads.seen())

        private fun descriptors(): List<String> {
            if (!Files.isDirectory(DESCRIPTORS)) return emptyList()
            return Files.newDirectoryStream(DESCRIPTORS).use { entries -> entries.mapNotNull(::target) }
                .filter { link -> KINDS.any(link::startsWith) }
        }

        /** Null for a descriptor that was closed while we looked, such as the one that the folder itself is read through. */
        private fun target(descriptor: Path): String? = try {
            Files.readSymbolicLink(descriptor).toString()
        } catch (_: IOException) {
            null
        }

        private fun List<String>.beyond(baseline: List<String>): List<String> {
            val known = baseline.groupingBy { it }.eachCount().toMutableMap()
            return filter { known.merge(it, -1, Int::plus).let { left -> left == null || left < 0 } }
        }
    }
}
