package io.hawser.benchmarks

import java.nio.file.Files
import java.nio.file.Path

/** Some of the cores that this process may use; as text in the form that the kernel and `taskset` have for them, such as `0,2,3`. */
internal class Cores(private val numbers: List<Int>) {
    val count: Int get() = numbers.size

    /** Without the last [taken] of them, and these. */
    fun split(taken: Int): Pair<Cores, Cores> = Cores(numbers.dropLast(taken)) to Cores(numbers.takeLast(taken))

    override fun toString(): String = numbers.joinToString(",")

    companion object {
        val all: Cores by lazy {
            parse(Files.readAllLines(Path.of("/proc/self/status")).first { it.startsWith("Cpus_allowed_list:") }.substringAfter(':'))
        }

        /** `0-2,5` */
        fun parse(list: String): Cores = Cores(
            list.trim().split(',').flatMap { part ->
                val (first, last) = part.split('-').map(String::toInt).let { it.first() to it.last() }
                first..last
            },
        )
    }
}
