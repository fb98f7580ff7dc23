package io.hawser.samples.readme

import io.hawser.Admission
import io.hawser.Connection
import io.hawser.Datagram
import io.hawser.Hawser
import io.hawser.OnDrain
import io.hawser.RunningDatagramServer
import io.hawser.RunningServer
import io.hawser.ServerOptions
import io.hawser.copyTo
import io.hawser.event.EventLogger
import io.hawser.framing.LengthPrefix
import io.hawser.framing.Lines
import io.hawser.framing.framed
import io.hawser.framing.session
import io.hawser.reconnect.Backoff
import io.hawser.reconnect.CircuitBreaker
import io.hawser.reconnect.CircuitBreakerOptions
import io.hawser.reconnect.Decision
import io.hawser.reconnect.LinkOptions
import io.hawser.reconnect.Pool
import io.hawser.reconnect.PoolOptions
import io.hawser.reconnect.ReconnectingClient
import io.hawser.reconnect.guardedBy
import io.hawser.reconnect.pooled
import io.hawser.reconnect.reconnecting
import io.hawser.tcp.Tcp
import io.hawser.tls.ClientAuth
import io.hawser.tls.ClientTls
import io.hawser.tls.ServerTls
import io.hawser.tls.TlsFailure
import io.hawser.tls.TlsIdentity
import io.hawser.tls.startTls
import io.hawser.tls.tls
import io.hawser.tls.tlsSession
import io.hawser.udp.Udp
import io.hawser.unix.SocketFile
import io.hawser.unix.Unix
import io.hawser.unix.UnixDatagram
import io.hawser.unix.peerCredentials
import io.hawser.unix.peerUid
import java.net.SocketAddress
import java.nio.file.Path
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.minutes
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.cancel
import kotlinx.coroutines.channels.SendChannel
import org.slf4j.LoggerFactory

// What the guide shows and is no program of its own, each piece as it stands there.

suspend fun hold(scope: CoroutineScope) {
    val server = Tcp.server("127.0.0.1", port = 0).start(scope) { connection -> connection.copyTo(connection) }
    println(server.endpoint) // tcp://127.0.0.1:40123

    server.shutdown(grace = 5.seconds) // 1. let the handlers finish, then cut; reports how many of each
    server.close() // 2. cut at once
    scope.cancel() // 3. end with everything else of the scope
}

fun options(banned: Set<SocketAddress>): ServerOptions {
    val options = ServerOptions {
        maxConnections = 10_000 // more are refused and reported; or whenFull = WhenFull.Pause
        maxConnectionsPerHost = 100
        acceptRate = 1_000 // a second; who comes faster waits in the backlog
        acceptRatePerHost = 20 // who comes faster from one address is refused
        readRate = 1_000_000 // bytes a second of each connection; totalReadRate of all together; writeRate, totalWriteRate
        admission = Admission.allow("10.0.0.0/8", "127.0.0.1") and Admission { candidate -> candidate.remote !in banned }
        handshakeTimeout = 5.seconds // default 10 s
        readTimeout = 30.seconds // a read that waits longer fails; the connection goes on
        writeTimeout = 30.seconds // a peer that takes nothing for so long is reset
        idleTimeout = 5.minutes // no byte in either direction: closed
        onDrain = OnDrain.EndInput
        handlerContext = Dispatchers.IO // for handlers that block; by default they run on their connection's event loop
        socket { keepAlive = true } // options of the sockets, and hooks that see their NIO channels
        onEvent(EventLogger(LoggerFactory.getLogger("sockets")))
    }
    return options
}

suspend fun byName(scope: CoroutineScope): Pair<RunningServer, String?> {
    val server = Hawser.streamServer("tcp://127.0.0.1:0").start(scope) { connection -> connection.copyTo(connection) }
    val client = Hawser.streamClient(server.endpoint)
    return server to client.connect {
        it.writeLine("by name")
        it.readLine()
    }
}

suspend fun unix(scope: CoroutineScope, path: Path): Pair<RunningServer, String?> {
    val options = ServerOptions { admission = peerUid(0, 1000) }
    val server = Unix.server(path, options, SocketFile { permissions("rw-rw----") }).start(scope) { connection ->
        connection.writeLine("uid ${connection.peerCredentials.uid}")
    }
    val answer = Unix.client(path).connect { it.readLine() }
    return server to answer
}

suspend fun unixDatagrams(scope: CoroutineScope, path: Path): Pair<RunningDatagramServer, Datagram> {
    val server = UnixDatagram.server(path).start(scope) { datagram -> if (datagram.canReply) reply(datagram.bytes) }
    UnixDatagram.client(path).open().use { it.send("ERROR: disk full".encodeToByteArray()) }
    val answer = UnixDatagram.client(path, bindTo = UnixDatagram.AUTO).request("status".encodeToByteArray(), timeout = 1.seconds)
    return server to answer
}

suspend fun frames(connection: Connection) {
    val frames = connection.framed(LengthPrefix(bytes = 4, maxLength = 1 shl 20))
    frames.incoming.collect { frame -> frames.send(frame) }
}

suspend fun numbers(connection: Connection) {
    val numbers = connection.framed(Lines(maxLength = 20).map(String::toLong, Long::toString))
    numbers.sendAll(listOf(1, 2, 3))
}

suspend fun once(host: String, port: Int): String? {
    val answer = Tcp.client(host, port).once("status\n".encodeToByteArray(), timeout = 5.seconds) { it.readLine() }
    return answer
}

suspend fun datagrams(scope: CoroutineScope): Pair<RunningDatagramServer, Datagram> {
    val server = Udp.server("127.0.0.1", port = 0).start(scope) { datagram -> reply(datagram.bytes) }
    val answer = Udp.client("127.0.0.1", server.port).request("status".encodeToByteArray(), timeout = 1.seconds, retries = 2)
    return server to answer
}

suspend fun stayConnected(scope: CoroutineScope, port: Int, news: SendChannel<String>): ReconnectingClient {
    val link = Tcp.client("127.0.0.1", port).reconnecting(
        LinkOptions {
            backoff = Backoff.exponential(100.milliseconds, ceiling = 30.seconds).jittered().upTo(failures = 50)
            resetAfter = 10.seconds // a session that lasted as long makes failures count from one again
            outbox { maxMessages = 1_000 } // what is sent while nobody is connected waits
            onConnect { connection -> connection.writeLine("me") }
            onError { failure -> if (failure is TlsFailure) Decision.Stop else Decision.Retry }
        },
    )
    link.start(scope) { connection -> connection.lines().collect { news.send(it) } } // once per connection
    link.send("subscribe\n".encodeToByteArray()) // Sent, Queued or Dropped
    return link
}

suspend fun pool(scope: CoroutineScope, port: Int): Pair<Pool, String?> {
    val breaker = CircuitBreaker(CircuitBreakerOptions { failures = 5 })
    val pool = Tcp.client("127.0.0.1", port).guardedBy(breaker).pooled(PoolOptions { maxConnections = 4 }).start(scope)
    val answer = pool.withConnection { connection ->
        connection.writeLine("status")
        connection.readLine()
    }
    return pool to answer
}

suspend fun session(connection: Connection) {
    connection.session(Lines()) { session ->
        session.send("hello")
        session.incoming.collect { line -> if (!session.trySend("re: $line")) connection.abort() } // too slow for us
    }
}

suspend fun tls(scope: CoroutineScope, certificate: Path, key: Path, authority: Path): Pair<RunningServer, String?> {
    val serverTls = ServerTls { identity(TlsIdentity.watching(certificate, key)) }
    val server = Tcp.server("127.0.0.1", port = 0).tls(serverTls).start(scope) { connection -> connection.copyTo(connection) }

    val clientTls = ClientTls { trust(authority) }
    val client = Tcp.client("localhost", server.port).tls(clientTls)
    return server to client.connect {
        it.writeLine("secret")
        it.readLine()
    }
}

suspend fun mutualTls(scope: CoroutineScope, certificate: Path, key: Path, authority: Path): RunningServer {
    val serverTls = ServerTls {
        identity(certificate, key)
        clientAuth = ClientAuth.Required
        trust(authority)
        alpn("greeting/1")
    }
    val server = Tcp.server("127.0.0.1", port = 0).tls(serverTls).start(scope) { connection ->
        val guest = connection.tlsSession?.peerCertificates?.first()
        connection.writeLine("good day, ${guest?.subjectX500Principal}")
    }
    return server
}

suspend fun upgrade(plain: Connection, clientTls: ClientTls): String? {
    plain.writeLine("STARTTLS")
    check(plain.readLine() == "go ahead")
    val secure = plain.startTls(clientTls, serverName = "localhost")
    secure.writeLine("secret")
    return secure.readLine()
}
