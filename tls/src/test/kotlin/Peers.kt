package io.hawser.tls

import io.hawser.CloseReason
import io.hawser.Connection
import io.hawser.RunningServer
import io.hawser.ServerOptions
import io.hawser.copyTo
import io.hawser.event.ConnectionEvent
import io.hawser.testkit.Program
import io.hawser.testkit.TestCertificates
import java.nio.file.Path
import java.security.KeyStore.PrivateKeyEntry
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.withTimeout

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

/** A peer in another process, that is nobody's friend. It ends with the block it was started for. */
internal typealias Peer = Program

/** Skips what it prints until [wanted], and returns that line. */
internal suspend fun Peer.expect(what: String, wanted: (String) -> Boolean = { it == what }): String = awaitLine(what, wanted)

/** What this program says of itself comes late otherwise, and in the middle of what it was sent. */
private val lineByLine = arrayOf("stdbuf", "-oL")

/** In the folder [pems]. */
internal fun Program.Companion.run(vararg command: String): Peer = start(pems, *command)

/** `openssl s_client`, that asks [server] for localhost unless [arguments] say otherwise, in the folder [pems]. */
internal fun Program.Companion.client(server: RunningServer, vararg arguments: String): Peer {
    val name = if (arguments.any { it.endsWith("servername") }) emptyArray() else arrayOf("-servername", "localhost")
    val port = "${server.port}"
    return run(*lineByLine, "openssl", "s_client", "-connect", "127.0.0.1:$port", "-CAfile", "authority.pem", *name, *arguments)
}

/** `openssl s_server`, that answers each line with its reverse, and its port; in the folder [pems]. */
internal suspend fun Program.Companion.server(vararg arguments: String): Pair<Peer, Int> {
    val peer = run(*lineByLine, "openssl", "s_server", "-accept", "127.0.0.1:0", "-rev", *arguments)
    return peer to peer.expect("ACCEPT") { it.startsWith("ACCEPT") }.substringAfterLast(':').toInt()
}

/** A Python program, with `port` set to [port], in the folder [pems]. */
internal fun Program.Companion.python(port: Int, program: String): Peer = run(
    "python3",
    "-u",
    "-c",
    "import os,socket,ssl,sys,threading\nport=$port\n" +
        "def connect():\n    s=socket.socket()\n    s.connect(('127.0.0.1',port))\n    return s\n" +
        "def listen():\n    l=socket.socket()\n    l.bind(('127.0.0.1',0))\n    l.listen()\n    print(l.getsockname()[1])\n" +
        "    return l.accept()[0]\n" +
        program.trimIndent(),
)

/** [entry] as `name.pem` and `name.key` in the folder [pems]. */
internal fun write(name: String, entry: PrivateKeyEntry): Path = TestCertificates.write(entry, pems, name)
