package io.hawser.samples.programs

import io.hawser.SocketFailure
import io.hawser.tcp.Tcp
import io.hawser.tls.ClientAuth
import io.hawser.tls.ClientTls
import io.hawser.tls.ServerTls
import io.hawser.tls.TlsIdentity
import io.hawser.tls.tls
import io.hawser.tls.tlsSession
import java.nio.file.Path
import kotlinx.coroutines.coroutineScope

/**
 * An echo that knows who talks to it: server and client show each other a certificate of the same authority, and who has none is turned
 * away. A certificate that is renewed is taken without a restart.
 *
 * The argument is a folder with `authority.pem`, `server.pem` for `localhost`, `client.pem`, and the keys `server.key` and `client.key`.
 */
public suspend fun main(args: Array<String>): Unit = coroutineScope {
    val folder = Path.of(args.first())
    val authority = folder.resolve("authority.pem")
    val serverTls = ServerTls {
        identity(TlsIdentity.watching(folder.resolve("server.pem"), folder.resolve("server.key")))
        clientAuth = ClientAuth.Required
        trust(authority)
    }
    val server = Tcp.server("127.0.0.1", port = 0).tls(serverTls).start(this) { connection ->
        val guest = connection.tlsSession?.peerCertificates?.first()?.subjectX500Principal
        connection.lines().collect { connection.writeLine("$guest says $it") }
    }
    server.use {
        val friend = ClientTls {
            identity(folder.resolve("client.pem"), folder.resolve("client.key"))
            trust(authority)
        }
        say("hello", server.port, friend)
        say("hello, too", server.port, ClientTls { trust(authority) })
        say("hello, whoever you are", server.port, ClientTls.system())
    }
}

private suspend fun say(line: String, port: Int, tls: ClientTls) {
    try {
        Tcp.client("localhost", port).tls(tls).connect { connection ->
            connection.writeLine(line)
            println(connection.readLine())
        }
    } catch (e: SocketFailure) {
        // With TLS 1.3 a client learns by its first read that it is turned away.
        println(e.message)
    }
}
