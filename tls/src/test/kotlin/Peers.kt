package io.hawser.tls

import io.hawser.CloseReason
import io.hawser.Connection
import io.hawser.RunningServer
import io.hawser.ServerOptions
import io.hawser.copyTo
import io.hawser.event.ConnectionEvent
import io.hawser.testkit.TestCertificates
import java.io.BufferedReader
import java.nio.file.Path
import java.security.KeyStore.PrivateKeyEntry
import java.util.concurrent.TimeUnit.SECONDS
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.withTimeout
import org.opentest4j.TestAbortedException

internal val echo: suspend CoroutineScope.(Connection) -> Unit = { it.copyTo(it) }

/** `authority.pem`, `server.pem`, `client.pem` and their keys, of [certificates]. */
internal val pems: Path by lazy { certificates.writeTo(folder.resolve("pems")) }

/** Runs [block] with a server of [tls] over TCP that does [handler], and closes it. */
internal suspend fun <R> serving(
    tls: ServerTls = serverTls,
    told: Told = Told(),
    handler: suspend CoroutineScope.(Connection) -> Unit = echo,
    block: suspend CoroutineScope.(RunningServer) -> R,
): R = withTimeout(HANG) {
    coroutineScope {
        tcpServer(told.options).tls(tls).start(this, handler).use { server -> coroutineScope { block(server) } }
    }
}

/** What a server tells of its connections. */
internal class Told {
    private val events = Channel<ConnectionEvent>(Channel.UNLIMITED)

    val options: ServerOptions = ServerOptions { onEvent { if (it is ConnectionEvent) events.trySend(it) } }

    /** All of one connection, where there is one at a time, when it is closed. */
    suspend fun life(): Life {
        val all = mutableListOf<ConnectionEvent>()
        do {
            all += events.receive()
        } while (all.last() !is ConnectionEvent.Closed)
        return Life(all)
    }
}

/** The events of a connection from the first to the last. */
internal class Life(val events: List<ConnectionEvent>) {
    val isServed: Boolean get() = events.any { it is ConnectionEvent.HandlerStarted }
    val failures: List<Throwable> get() = events.filterIsInstance<ConnectionEvent.Failed>().map { it.cause }
    val end: CloseReason get() = (events.last() as ConnectionEvent.Closed).reason

    /** Why it never reached its handler: told once. */
    val refusal: TlsHandshakeFailed
        get() {
            check(!isServed && failures.size == 1) { "$events" }
            return failures.single() as TlsHandshakeFailed
        }
}

/**
 * A peer in another process. It ends with the block it was started for.
 *
 * Where its program is not installed the test is skipped, and fails under CI.
 */
internal class Peer private constructor(private val process: Process) : AutoCloseable {
    private val output: BufferedReader = process.inputReader()
    private val skipped = StringBuilder()

    /** The next line it prints, or null at its end. */
    suspend fun line(): String? = reading { output.readLine() }

    /** Skips what it prints until [wanted], and returns that line. */
    suspend fun expect(what: String, wanted: (String) -> Boolean = { it == what }): String {
        while (true) {
            val line = checkNotNull(line()) { "no $what in:\n$skipped" }
            if (wanted(line)) return line
            skipped.appendLine(line)
        }
    }

    /** All that it has yet to print until it ends, and what was skipped, with its exit status. */
    suspend fun finish(): Pair<String, Int> = reading { "$skipped${output.readText()}" to process.waitFor() }

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

    fun endInput(): Unit = process.outputStream.close()

    /** SIGKILL. */
    fun kill() {
        process.descendants().forEach { it.destroyForcibly() }
        process.destroyForcibly()
    }

    override fun close() {
        kill()
        process.waitFor(10, SECONDS)
        process.inputStream.close()
        runCatching { process.outputStream.close() } // What was to be said may be left in it.
        process.errorStream.close()
    }

    companion object {
        /** What this program says of itself comes late otherwise, and in the middle of what it was sent. */
        private val lineByLine = arrayOf("stdbuf", "-oL")

        fun run(vararg command: String): Peer {
            val found = System.getenv("PATH").split(':').any { java.io.File(it, command.first()).canExecute() }
            if (!found) {
                check(System.getenv("CI") != "true") { "${command.first()} is not installed" }
                throw TestAbortedException("${command.first()} is not installed")
            }
            return Peer(ProcessBuilder(*command).directory(pems.toFile()).redirectErrorStream(true).start())
        }

        /** `openssl s_client`, that asks [server] for localhost unless [arguments] say otherwise, in the folder [pems]. */
        fun client(server: RunningServer, vararg arguments: String): Peer {
            val name = if (arguments.any { it.endsWith("servername") }) emptyArray() else arrayOf("-servername", "localhost")
            val port = "${server.port}"
            return run(*lineByLine, "openssl", "s_client", "-connect", "127.0.0.1:$port", "-CAfile", "authority.pem", *name, *arguments)
        }

        /** `openssl s_server`, that answers each line with its reverse, and its port; in the folder [pems]. */
        suspend fun server(vararg arguments: String): Pair<Peer, Int> {
            val peer = run(*lineByLine, "openssl", "s_server", "-accept", "127.0.0.1:0", "-rev", *arguments)
            return peer to peer.expect("ACCEPT") { it.startsWith("ACCEPT") }.substringAfterLast(':').toInt()
        }

        /** A Python program, with `port` set to [port], in the folder [pems]. */
        fun python(port: Int, program: String): Peer = run(
            "python3",
            "-u",
            "-c",
            "import os,socket,ssl,sys,threading\nport=$port\n" +
                "def connect():\n    s=socket.socket()\n    s.connect(('127.0.0.1',port))\n    return s\n" +
                "def listen():\n    l=socket.socket()\n    l.bind(('127.0.0.1',0))\n    l.listen()\n    print(l.getsockname()[1])\n" +
                "    return l.accept()[0]\n" +
                program.trimIndent(),
        )
    }
}

/** [entry] as `name.pem` and `name.key` in the folder [pems]. */
internal fun write(name: String, entry: PrivateKeyEntry): Path = TestCertificates.write(entry, pems, name)
