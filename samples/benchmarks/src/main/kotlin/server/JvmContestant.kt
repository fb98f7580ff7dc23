package io.hawser.benchmarks.server

import io.hawser.benchmarks.Tools
import io.hawser.benchmarks.Unavailable
import java.lang.ProcessBuilder.Redirect
import java.lang.management.ManagementFactory
import java.nio.file.Files
import java.nio.file.Path
import java.util.Properties
import java.util.concurrent.ConcurrentLinkedQueue

/** A contestant that [JvmServer] runs; all are started by the same Java with the same flags. */
internal sealed class JvmContestant(override val name: String, override val services: Set<String>) : Contestant {
    /** Serves one of its [services] until the process ends. It may return before that. */
    abstract fun serve(service: String, file: Path)

    /** Bytes that it holds outside the heap and outside the direct buffers that the JDK knows of. */
    open val foreignMemory: Long get() = 0

    override fun command(tools: Tools, jvm: List<String>, service: String, file: Path): List<String> =
        java(nativeAccess + jvm, service, "$file")

    /**
     * Starts another process with the flags of this one to serve [service], with [argument] in place of the file, and returns the port that
     * it announces. It ends when this one does.
     */
    fun startAnother(service: String, argument: String): Int {
        val flags = ManagementFactory.getRuntimeMXBean().inputArguments
        val process = ProcessBuilder(java(flags, service, argument)).redirectError(Redirect.INHERIT).start()
        // It reads its input until the end, which comes when nobody holds it any more.
        others += process
        val line = process.inputReader().readLine() ?: throw Unavailable("$name does not start to serve $service")
        return line.substringAfterLast(':').toInt()
    }

    private fun java(flags: List<String>, service: String, argument: String): List<String> {
        val java = Path.of(System.getProperty("java.home"), "bin", "java")
        val program = listOf("-cp", System.getProperty("java.class.path"), JvmServer.javaClass.name, javaClass.name)
        return listOf("$java") + flags + program + listOf(service, argument)
    }

    companion object {
        private val others = ConcurrentLinkedQueue<Process>()

        const val LOOPBACK: String = "127.0.0.1"

        private const val FIRST_JAVA_THAT_ASKS = 24

        /** Newer Javas want to be told; Netty without it cannot free its memory fast, and reads at a third of its speed. */
        private val nativeAccess: List<String> =
            if (Runtime.version().feature() >= FIRST_JAVA_THAT_ASKS) listOf("--enable-native-access=ALL-UNNAMED") else emptyList()

        fun announce(port: Int): Unit = announce("tcp://$LOOPBACK:$port")

        /**
         * An endpoint as the load generator reads it: `tcp://`, `tls://`, `udp://`, `unix:`, `unixgram:`, or, with the port of [Orders] behind
         * a comma, `hub://`, `nats://` or `redis://`; or `ask://` of [Askers].
         */
        fun announce(endpoint: String): Unit = println("listening $endpoint")

        /** In a folder of its own. */
        fun newPath(): Path = Files.createTempDirectory("benchmark-").resolve("s")

        fun unknown(service: String): Nothing = throw IllegalArgumentException("there is no service $service")

        /** The version of a library as the build has set it: not every jar knows its own. */
        fun versionOf(library: String): String {
            val versions = Properties()
            JvmContestant::class.java.getResourceAsStream("/versions.properties").use(versions::load)
            return versions.getProperty(library)
        }
    }
}
