package io.hawser.unix

import io.hawser.Connection
import io.hawser.RunningServer
import io.hawser.ServerOptions
import io.hawser.copyTo
import io.hawser.testkit.Program
import java.io.File
import java.nio.file.Files
import java.nio.file.Path
import java.util.concurrent.atomic.AtomicLong
import kotlin.io.path.name
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CoroutineScope
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

/** Peers in other processes, that are nobody's friends. */
internal object Peer {
    /** Runs a Python program with what it nearly always needs imported, `path` set to [path], under [wrapper]. */
    fun python(path: Any, program: String, vararg wrapper: String): Program {
        Program.require("python3")
        val python = if (wrapper.isEmpty()) "python3" else "/usr/bin/python3"
        return Program.start(
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
    fun java(main: Any, wrapper: List<String>, vararg arguments: String, classPath: (String) -> Boolean = { true }): Program =
        Program.java(main::class.java.name, *arguments, wrapper = wrapper, classPath = classPath)
}

/** What runs its program as nobody in particular. */
internal val asAnother = arrayOf("setpriv", "--reuid=$ANOTHER", "--regid=$ANOTHER", "--clear-groups")

internal const val ANOTHER = 65_533

/** How many sockets this process has open. */
internal fun sockets(): Int = File("/proc/self/fd").listFiles().orEmpty()
    .count { runCatching { Files.readSymbolicLink(it.toPath()).toString() }.getOrDefault("").startsWith("socket:") }
