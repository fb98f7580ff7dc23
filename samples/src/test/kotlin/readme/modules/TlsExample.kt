package io.hawser.samples.readme.modules

import io.hawser.copyTo
import io.hawser.tcp.Tcp
import io.hawser.tls.ClientTls
import io.hawser.tls.ServerTls
import io.hawser.tls.tls
import io.hawser.tls.tlsSession
import java.nio.file.Path
import kotlinx.coroutines.coroutineScope

suspend fun main(args: Array<String>): Unit = coroutineScope {
    val folder = Path.of(args.firstOrNull() ?: ".")
    val serverTls = ServerTls { identity(folder.resolve("server.pem"), folder.resolve("server.key")) }
    val clientTls = ClientTls { trust(folder.resolve("server.pem")) }
    val server = Tcp.server(port = 0).tls(serverTls).start(this) { connection -> connection.copyTo(connection) }
    server.use {
        Tcp.client("localhost", server.port).tls(clientTls).connect { connection ->
            connection.writeLine("secret")
            println("${connection.readLine()} over ${connection.tlsSession?.protocol}")
        }
    }
}
