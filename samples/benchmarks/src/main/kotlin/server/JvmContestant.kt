package io.hawser.benchmarks.server

import io.hawser.benchmarks.Tools
import java.nio.file.Files
import java.nio.file.Path
import java.util.Properties

/** A contestant that [JvmServer] runs; all are started by the same Java with the same flags. */
internal sealed class JvmContestant(override val name: String, override val services: Set<String>) : Contestant {
    /** Serves one of its [services] until the process ends. It may return before that. */
    abstract fun serve(service: String, file: Path)

    /** Bytes that it holds outside the heap and outside the direct buffers that the JDK knows of. */
    open val foreignMemory: Long get() = 0

    override fun command(tools: Tools, jvm: List<String>, service: String, file: Path): List<String> {
        val java = Path.of(System.getProperty("java.home"), "bin", "java")
        val program = listOf("-cp", System.getProperty("java.class.path"), JvmServer.javaClass.name, javaClass.name)
        return listOf("$java") + nativeAccess + jvm + program + listOf(service, "$file")
    }

    protected companion object {
        const val LOOPBACK: String = "127.0.0.1"

        private const val FIRST_JAVA_THAT_ASKS = 24

        /** Newer Javas want to be told; Netty without it cannot free its memory fast, and reads at a third of its speed. */
        private val nativeAccess: List<String> =
            if (Runtime.version().feature() >= FIRST_JAVA_THAT_ASKS) listOf("--enable-native-access=ALL-UNNAMED") else emptyList()

        fun announce(port: Int): Unit = announce("tcp://$LOOPBACK:$port")

        /**
         * An endpoint as the load generator reads it: `tcp://`, `tls://`, `udp://`, `unix:`, `unixgram:`, or, with the port of [Orders] behind
         * a comma, `hub://`, `nats://` or `redis://`.
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
