package io.hawser.unix

import io.hawser.Connection
import io.hawser.RunningServer
import io.hawser.ServerOptions
import io.hawser.copyTo
import java.io.BufferedReader
import java.io.File
import java.nio.file.Files
import java.nio.file.Path
import java.util.concurrent.TimeUnit.SECONDS
import java.util.concurrent.atomic.AtomicLong
import kotlin.io.path.name
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.withTimeout
import org.newsclub.net.unix.AFUNIXDatagramChannel
import org.newsclub.net.unix.AFUNIXSocketAddress
import org.opentest4j.TestAbortedException

/** Nothing here takes this long unless it hangs. */
internal val HANG = 120.seconds

internal val echo: suspend CoroutineScope.(Connection) -> Unit = { it.copyTo(it) }

private val names = AtomicLong()

/** A folder of this process, which goes with it. */
internal val folder: Path = Files.createTempDirectory("hawser").also { created ->
    Runtime.getRuntime().addShutdownHook(Thread { created.toFile().deleteRecursively() })
}

/** A path that nobody has had yet. */
internal fun newPath(): Path = folder.resolve("${names.incrementAndGet()}.sock")

/** A folder that is empty. */
internal fun newFolder(): Path = Files.createDirectory(folder.resolve("${names.incrementAndGet()}"))

/** An abstract name that nobody has had yet. */
internal fun newName(): String = "@hawser-${ProcessHandle.current().pid()}-${names.incrementAndGet()}"

/** What is in this folder. */
internal val Path.content: List<String> get() = Files.list(this).use { entries -> entries.map { it.name }.sorted().toList() }

/** Runs [block] with a server at [path] that does [handler], and closes it. */
internal suspend fun <R> serving(
    path: Path = newPath(),
    handler: suspend CoroutineScope.(Connection) -> Unit = echo,
    options: ServerOptions = ServerOptions(),
    file: SocketFile = SocketFile(),
    block: suspend CoroutineScope.(RunningServer) -> R,
): R = withTimeout(HANG) {
    coroutineScope {
        Unix.server(path, options, file).start(this, handler).use { server -> coroutineScope { block(server) } }
    }
}

/** Whether the server at [path] answers. */
internal suspend fun answers(path: Path): Boolean = Unix.client(path).connect { connection ->
    connection.writeLine("there?")
    connection.readLine() == "there?"
}

/** A socket at [path] whose server has ended, without a word. */
internal fun stale(path: Path) {
    java.nio.channels.ServerSocketChannel.open(java.net.StandardProtocolFamily.UNIX)
        .use { it.bind(java.net.UnixDomainSocketAddress.of(path)) }
}

/** The same for datagrams. */
internal fun staleDatagrams(path: Path) {
    AFUNIXDatagramChannel.open().use {
        it.isDeleteOnClose = false
        it.bind(AFUNIXSocketAddress.of(path))
    }
}

/** The number that [field] of stat(2) is for [path] itself. */
internal fun stat(path: Path, field: String): Any = Files.getAttribute(path, "unix:$field", java.nio.file.LinkOption.NOFOLLOW_LINKS)

/** Skips the test for anybody but root, or fails it under CI. */
internal fun requireRoot() {
    if (stat(Path.of("/proc/self"), "uid") == 0) return
    check(System.getenv("CI") != "true") { "the tests do not run as root" }
    throw TestAbortedException("the tests do not run as root")
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

    /** Reads to the line [text]. */
    suspend fun awaitLine(text: String) {
        while (true) if (checkNotNull(line()) { "the peer ended and never said \"$text\"" } == text) return
    }

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

    fun endInput() = process.outputWriter().close()

    /** SIGKILL. What it has printed can still be read. */
    fun kill() {
        process.descendants().forEach { it.destroyForcibly() }
        process.destroyForcibly()
        process.waitFor(10, SECONDS)
    }

    override fun close() {
        kill()
        process.inputStream.close()
        process.outputStream.close()
        process.errorStream.close()
    }

    companion object {
        fun run(vararg command: String): Peer {
            require(command.first())
            return Peer(ProcessBuilder(*command).redirectErrorStream(true).start())
        }

        /** Runs a Python program with what it nearly always needs imported, `path` set to [path], under [wrapper]. */
        fun python(path: Any, program: String, vararg wrapper: String): Peer {
            require("python3")
            val python = if (wrapper.isEmpty()) "python3" else "/usr/bin/python3"
            return run(
                *wrapper,
                python,
                "-u",
                "-c",
                "import os,socket,struct,sys,time\npath='$path'\n" +
                    "def connect():\n    s=socket.socket(socket.AF_UNIX)\n    s.connect(path)\n    return s\n" +
                    program.trimIndent(),
            )
        }

        /** Runs [main] with the parts of the test class path that [classPath] keeps, in a JVM of its own, under [wrapper]. */
        fun java(main: Any, wrapper: List<String>, vararg arguments: String, classPath: (String) -> Boolean = { true }): Peer {
            wrapper.firstOrNull()?.let(::require)
            val java = "${System.getProperty("java.home")}/bin/java"
            val path = System.getProperty("java.class.path").split(File.pathSeparator).filter(classPath).joinToString(File.pathSeparator)
            return run(*wrapper.toTypedArray(), java, *nativeAccess, "-Xmx256m", "-cp", path, main::class.java.name, *arguments)
        }

        /** Newer Javas want to be told. */
        private val nativeAccess: Array<String> =
            if (Runtime.version().feature() >= 24) arrayOf("--enable-native-access=ALL-UNNAMED") else emptyArray()

        /** Skips the test where [program] is not installed, or fails it under CI. */
        fun require(program: String) {
            val found = File(program).canExecute() || System.getenv("PATH").split(':').any { File(it, program).canExecute() }
            if (found) return
            check(System.getenv("CI") != "true") { "$program is not installed" }
            throw TestAbortedException("$program is not installed")
        }
    }
}

/** What runs its program as nobody in particular. */
internal val asAnother = arrayOf("setpriv", "--reuid=$ANOTHER", "--regid=$ANOTHER", "--clear-groups")

internal const val ANOTHER = 65_533

/** How many sockets this process has open. */
internal fun sockets(): Int = File("/proc/self/fd").listFiles().orEmpty()
    .count { runCatching { Files.readSymbolicLink(it.toPath()).toString() }.getOrDefault("").startsWith("socket:") }
