package io.hawser.benchmarks.server

import io.hawser.benchmarks.Options
import io.hawser.benchmarks.Tools
import java.nio.file.Path

/** A contestant whose object has a static `main`; all are started by the same Java with the same flags. */
internal sealed class JvmContestant(override val name: String) : Contestant {
    override fun command(tools: Tools, options: Options): List<String> {
        val java = Path.of(System.getProperty("java.home"), "bin", "java")
        return listOf("$java") + options.jvm + listOf("-cp", System.getProperty("java.class.path"), javaClass.name)
    }

    protected companion object {
        const val LOOPBACK: String = "127.0.0.1"

        fun announce(port: Int): Unit = println("listening $port")
    }
}
