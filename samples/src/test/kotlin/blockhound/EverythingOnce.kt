package io.hawser.samples.blockhound

import io.hawser.Connection
import io.hawser.StreamClient
import io.hawser.StreamServer
import io.hawser.copyTo
import io.hawser.engine.EventLoop
import io.hawser.tcp.Tcp
import io.hawser.testkit.TestCertificates
import io.hawser.tls.ClientTls
import io.hawser.tls.ServerTls
import io.hawser.tls.TlsIdentity
import io.hawser.tls.tls
import io.hawser.udp.Udp
import io.hawser.unix.Unix
import io.hawser.unix.UnixDatagram
import java.nio.file.Files
import java.util.concurrent.ConcurrentHashMap
import kotlin.io.path.createTempDirectory
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.launch
import kotlinx.coroutines.withContext
import reactor.blockhound.BlockHound
import reactor.blockhound.integration.BlockHoundIntegration

private const val DEPTH = 20

/** What blocked a loop, by where it did. */
private val blocked = ConcurrentHashMap<String, String>()

/**
 * Uses every transport while an agent watches what the threads of the loops do, and says what blocked one. Once before that, because the
 * JDK reads files of its own where a class is used for the first time.
 */
suspend fun main() {
    val work: suspend (CoroutineScope) -> Unit = if (System.getProperty("block") == null) ::everything else { _ -> sleepOnALoop() }
    coroutineScope { work(this) }
    BlockHound.builder()
        .nonBlockingThreadPredicate { others -> others.or { EventLoop.current() != null } }
        .blockingMethodCallback { method ->
            val stack = Throwable().stackTrace.filter { "blockhound" !in it.className }
            val ours = stack.firstOrNull { it.className.startsWith("io.hawser.") }
            blocked.putIfAbsent("$ours", "$method in $ours, by ${stack.take(DEPTH).joinToString(" < ")}")
        }
        // What a loop waits in, and the numbers of the kernel, which are there at once.
        .allowBlockingCallsInside("io.hawser.engine.Courtesy", "yield")
        .allowBlockingCallsInside("java.security.SecureRandom", "nextBytes")
        .allowBlockingCallsInside("sun.nio.ch.SelectorImpl", "select")
        .allowBlockingCallsInside("sun.nio.ch.SelectorImpl", "selectNow")
        .install()
    coroutineScope { work(this) }
    blocked.values.forEach { println("blocked: $it") }
    println("done")
}

/** Shows that the agent watches. */
private suspend fun sleepOnALoop() {
    withContext(io.hawser.engine.EventLoopGroup.shared.next()) { Thread.sleep(1) }
}

private suspend fun everything(scope: CoroutineScope) {
    val folder = createTempDirectory("hawser")
    try {
        val certificates = TestCertificates.create("localhost")
        certificates.writeTo(folder)
        val serverTls = ServerTls {
            identity(TlsIdentity.watching(folder.resolve("server.pem"), folder.resolve("server.key"), interval = 1.milliseconds))
        }
        val clientTls = ClientTls { trust(folder.resolve("authority.pem")) }
        streams(scope, Tcp.server("127.0.0.1", port = 0)) { Tcp.client("localhost", it) }
        streams(scope, Tcp.server("127.0.0.1", port = 0).tls(serverTls)) { Tcp.client("localhost", it).tls(clientTls) }
        streams(scope, Unix.server(folder.resolve("s"))) { Unix.client(folder.resolve("s")) }
        streams(scope, Unix.server("@hawser-blockhound-${ProcessHandle.current().pid()}")) {
            Unix.client("@hawser-blockhound-${ProcessHandle.current().pid()}")
        }
        Udp.server("127.0.0.1", port = 0).start(scope) { reply(it.bytes) }.use { server ->
            check(Udp.client("localhost", server.port).request("ping".encodeToByteArray(), 5.seconds).text == "ping")
        }
        UnixDatagram.server(folder.resolve("d")).start(scope) { reply(it.bytes) }.use {
            check(UnixDatagram.client(folder.resolve("d"), UnixDatagram.AUTO).request("ping".encodeToByteArray(), 5.seconds).text == "ping")
        }
    } finally {
        folder.toFile().deleteRecursively()
    }
}

private suspend fun streams(scope: CoroutineScope, server: StreamServer, client: (port: Int) -> StreamClient) {
    server.start(scope) { it.copyTo(it) }.use { running ->
        val port = (running.address as? java.net.InetSocketAddress)?.port ?: 0
        repeat(3) { client(port).connect { exchange(it) } }
        // From a loop, too.
        withContext(io.hawser.engine.EventLoopGroup.shared.next()) { client(port).connect { exchange(it) } }
        running.shutdown(5.seconds)
    }
}

private suspend fun exchange(connection: Connection) = coroutineScope {
    val file = Files.createTempFile("hawser", "file")
    try {
        Files.write(file, ByteArray(1 shl 20))
        launch {
            connection.writeLine("hello")
            connection.sendFile(file)
            connection.shutdownOutput()
        }
        check(connection.readLine() == "hello")
        check(connection.readExactly(1 shl 20).size == 1 shl 20)
        check(connection.readLine() == null)
    } finally {
        Files.delete(file)
    }
}
