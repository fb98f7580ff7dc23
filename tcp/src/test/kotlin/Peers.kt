package io.hawser.tcp

import io.hawser.Connection
import io.hawser.RunningServer
import io.hawser.ServerOptions
import io.hawser.copyTo
import java.io.BufferedReader
import java.net.InetAddress
import java.net.ServerSocket
import java.util.concurrent.TimeUnit.SECONDS
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.withTimeout
import org.opentest4j.TestAbortedException

/** Nothing here takes this long unless it hangs. */
internal val HANG = 120.seconds

internal val echo: suspend CoroutineScope.(Connection) -> Unit = { it.copyTo(it) }

/** Runs [block] with a TCP server that does [handler], and closes it. */
internal suspend fun <R> serving(
    handler: suspend CoroutineScope.(Connection) -> Unit = echo,
    options: ServerOptions = ServerOptions(),
    host: String = "127.0.0.1",
    block: suspend CoroutineScope.(RunningServer) -> R,
): R = withTimeout(HANG) {
    coroutineScope {
        Tcp.server(host, port = 0, options).start(this, handler).use { server -> coroutineScope { block(server) } }
    }
}

/**
 * A peer in another process, that is nobody's friend. It ends with the block it was started for.
 *
 * Where its program is not installed the test is skipped, and fails under CI.
 */
internal class Peer private constructor(private val process: Process) : AutoCloseable {
    private val output: BufferedReader = process.inputReader()

    val pid: Long get() = process.pid()

    /** The next line it prints, or null at its end. */
    suspend fun line(): String? = reading { output.readLine() }

    /** All that it prints until it ends, with its exit status. */
    suspend fun finish(): Pair<String, Int> = reading { output.readText() to process.waitFor() }

    /** Nothing interrupts the read of a pipe but its end: who waits no longer ends the peer. */
    private suspend fun <T> reading(read: () -> T): T = withTimeout(HANG) {
        val reading = async(Dispatchers.IO) { read() }
        try {
            reading.await()
        } catch (e: CancellationException) {
            close()
            throw e
        }
    }

    fun say(text: String) = process.outputWriter().run {
        write(text)
        flush()
    }

    fun signal(name: String) {
        // The shell's own kill: the program is not installed everywhere.
        check(ProcessBuilder("sh", "-c", "kill -$name $pid").start().waitFor() == 0) { "cannot send $name to $pid" }
    }

    /** SIGKILL: a stopped process hears no other signal. What it has printed can still be read. */
    fun kill() {
        process.descendants().forEach { it.destroyForcibly() }
        process.destroyForcibly()
    }

    override fun close() {
        kill()
        process.waitFor(10, SECONDS)
        process.inputStream.close()
        process.outputStream.close()
        process.errorStream.close()
    }

    companion object {
        fun run(vararg command: String): Peer {
            require(command.first())
            return Peer(ProcessBuilder(*command).redirectErrorStream(true).start())
        }

        /** Runs a Python program with what it nearly always needs imported and `port` set to [port]. */
        fun python(port: Int, program: String): Peer = run(
            "python3",
            "-u",
            "-c",
            "import socket,struct,sys,time\nport=$port\nRESET=struct.pack('ii',1,0)\n" +
                "def connect():\n    s=socket.socket()\n    s.connect(('127.0.0.1',port))\n    return s\n" +
                "def reset(s):\n    s.setsockopt(socket.SOL_SOCKET,socket.SO_LINGER,RESET)\n    s.close()\n" +
                program.trimIndent(),
        )

        /** Runs [main] of the test class path in a JVM of its own, under [wrapper]. */
        fun java(main: String, vararg wrapper: String): Peer {
            wrapper.firstOrNull()?.let(::require)
            val java = "${System.getProperty("java.home")}/bin/java"
            return run(*wrapper, java, "-Xmx256m", "-cp", System.getProperty("java.class.path"), main)
        }

        /** Skips the test where [program] is not installed, or fails it under CI. */
        fun require(program: String) {
            val found = program.startsWith('/') || System.getenv("PATH").split(':').any { java.io.File(it, program).canExecute() }
            if (found) return
            check(System.getenv("CI") != "true") { "$program is not installed" }
            throw TestAbortedException("$program is not installed")
        }
    }
}

/** A port that nobody listens on, and that the system does not give out again soon. */
internal fun freePort(): Int = ServerSocket(0, 1, InetAddress.getLoopbackAddress()).use { it.localPort }

/** The thread names of this process that start with [prefix]. */
internal fun threads(prefix: String): List<String> = Thread.getAllStackTraces().keys.map { it.name }.filter { it.startsWith(prefix) }

/** How many sockets this process has open. */
internal fun sockets(): Int = java.io.File("/proc/self/fd").listFiles().orEmpty()
    .count { runCatching { java.nio.file.Files.readSymbolicLink(it.toPath()).toString() }.getOrDefault("").startsWith("socket:") }
