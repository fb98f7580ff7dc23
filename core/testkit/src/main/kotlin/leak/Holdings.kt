package io.hawser.testkit.leak

import java.io.IOException
import java.nio.file.Files
import java.nio.file.Path

/**
 * What this process holds at one moment: descriptors of sockets, pipes and selectors, where there is `/proc`, and threads by name.
 */
internal class Holdings private constructor(private val descriptors: List<String>, private val threads: List<String>) {
    /** The descriptors that are not in [baseline]. A selector's have no identity: there it is their number that counts. */
    fun descriptorsBeyond(baseline: Holdings): List<String> = descriptors.beyond(baseline.descriptors)

    /** The threads that are not in [baseline] and not the JVM's, the coroutine library's or the test framework's own. */
    fun threadsBeyond(baseline: Holdings): List<String> =
        threads.beyond(baseline.threads).filterNot { name -> COMMON_THREADS.any(name::startsWith) }.map { "thread $it" }

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

        fun now(): Holdings = Holdings(descriptors(), Threads.kept())

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
