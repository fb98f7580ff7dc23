package io.hawser.tcp

import io.hawser.Connection
import io.hawser.RunningServer
import io.hawser.ServerOptions
import io.hawser.copyTo
import io.hawser.testkit.Program
import java.net.InetAddress
import java.net.ServerSocket
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.withTimeout

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

/** Peers in other processes, that are nobody's friends. */
internal object Peer {
    /** Runs a Python program with what it nearly always needs imported and `port` set to [port]. */
    fun python(port: Int, program: String): Program = Program.start(
        "python3",
        "-u",
        "-c",
        "import socket,struct,sys,time\nport=$port\nRESET=struct.pack('ii',1,0)\n" +
            "def connect():\n    s=socket.socket()\n    s.connect(('127.0.0.1',port))\n    return s\n" +
            "def reset(s):\n    s.setsockopt(socket.SOL_SOCKET,socket.SO_LINGER,RESET)\n    s.close()\n" +
            program.trimIndent(),
    )
}

/** A loopback address that no other process uses, where there are more than one: nobody else takes a port of it that is free for a while. */
internal val ownHost: String = ProcessHandle.current().pid().let { pid ->
    if (System.getProperty("os.name") == "Linux") "127.${128 + (pid shr 16)}.${pid shr 8 and 255}.${pid and 255}" else "127.0.0.1"
}

/** A port of [ownHost] that nobody listens on. */
internal fun freePort(): Int = ServerSocket(0, 1, InetAddress.getByName(ownHost)).use { it.localPort }

/**
 * Runs [main] of this class path by [wrapper] in a Java of its own, which prints what it is to print and no warning of a blocked loop: the
 * machine may stand still.
 */
internal fun child(main: String, wrapper: List<String>): Program =
    Program.java(main, options = listOf("-Xmx256m", "-Dwatchdog=OFF"), wrapper = wrapper)

/** The thread names of this process that start with [prefix]. */
internal fun threads(prefix: String): List<String> = Thread.getAllStackTraces().keys.map { it.name }.filter { it.startsWith(prefix) }

/** How many sockets this process has open. */
internal fun sockets(): Int = java.io.File("/proc/self/fd").listFiles().orEmpty()
    .count { runCatching { java.nio.file.Files.readSymbolicLink(it.toPath()).toString() }.getOrDefault("").startsWith("socket:") }
