package io.hawser.samples.programs

import io.hawser.Connection
import io.hawser.tcp.Tcp
import io.hawser.tls.ClientTls
import io.hawser.tls.ServerTls
import io.hawser.tls.startTls
import io.hawser.tls.tlsSession
import java.nio.file.Path
import kotlinx.coroutines.coroutineScope

/**
 * A connection that begins in the clear and goes on under TLS, as mail does (RFC 3207), seen from both ends. The server takes no password
 * before, and the client says none: it only asks whether it may.
 *
 * The argument is a folder with `authority.pem`, and `server.pem` for `localhost` and its key `server.key`.
 */
public suspend fun main(args: Array<String>): Unit = coroutineScope {
    val folder = Path.of(args.first())
    val serverTls = ServerTls { identity(folder.resolve("server.pem"), folder.resolve("server.key")) }
    val clientTls = ClientTls { trust(folder.resolve("authority.pem")) }
    Tcp.server("127.0.0.1", port = 0).start(this) { connection -> serve(connection, serverTls) }.use { server ->
        Tcp.client("127.0.0.1", server.port).connect { plain ->
            println(plain.ask("AUTH"))
            println(plain.ask("STARTTLS"))
            val secure = plain.startTls(clientTls, serverName = "localhost")
            println(secure.ask("AUTH me:secret"))
            println(secure.ask("QUIT"))
        }
    }
}

private suspend fun Connection.ask(command: String): String? {
    writeLine(command)
    return readLine()
}

/** The rest of the conversation after an upgrade is on the connection that comes of it, and the one before is used up. */
private suspend fun serve(connection: Connection, tls: ServerTls) {
    while (true) {
        val command = connection.readLine() ?: return
        val isSecret = connection.tlsSession != null
        when {
            command == "STARTTLS" && !isSecret -> {
                connection.writeLine("220 go ahead")
                return serve(connection.startTls(tls), tls)
            }

            command == "QUIT" -> return connection.writeLine("221 bye")

            !isSecret -> connection.writeLine("530 say STARTTLS first")

            command == "STARTTLS" -> connection.writeLine("503 this is TLS already")

            else -> connection.writeLine("235 ${command.substringAfter(' ').substringBefore(':')} is welcome")
        }
    }
}
