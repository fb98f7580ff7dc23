package io.hawser.samples.documentation

import io.hawser.Hawser
import io.hawser.broker.Broker
import io.hawser.broker.Consumer
import io.hawser.broker.Provider
import io.hawser.config.HawserConfig
import io.hawser.copyTo
import io.hawser.messaging.HubClient
import io.hawser.messaging.MessageHub
import io.hawser.tcp.Tcp
import io.hawser.testkit.TestCertificates
import io.hawser.tls.ClientTls
import io.hawser.tls.ServerTls
import io.hawser.tls.startTls
import io.hawser.tls.tls
import io.hawser.udp.Udp
import io.hawser.unix.UnixDatagram
import java.nio.file.Path
import java.util.UUID
import kotlin.io.path.writeText
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.flow.first

// What `@sample` shows of the rest: each is a whole, and runs.

suspend fun udpServer() {
    coroutineScope {
        Udp.server("127.0.0.1", port = 0).start(this) { datagram -> reply(datagram.bytes) }.use { server ->
            val answer = Udp.client("127.0.0.1", server.port).request("status".encodeToByteArray(), timeout = 5.seconds, retries = 5)
            check(answer.bytes.decodeToString() == "status")
        }
    }
}

suspend fun unixDatagrams(folder: Path) {
    val path = folder.resolve("log.sock")
    coroutineScope {
        UnixDatagram.server(path).start(this) { datagram -> if (datagram.canReply) reply(datagram.bytes) }.use {
            val client = UnixDatagram.client(path, bindTo = UnixDatagram.AUTO) // without a name of its own nobody can answer it
            check(client.request("status".encodeToByteArray(), timeout = 30.seconds).bytes.decodeToString() == "status")
        }
    }
}

suspend fun tlsLayer(certificate: Path, key: Path, authority: Path) {
    val serverTls = ServerTls { identity(certificate, key) }
    val clientTls = ClientTls { trust(authority) }
    coroutineScope {
        Tcp.server("127.0.0.1", port = 0).tls(serverTls).start(this) { it.writeLine("secret") }.use { server ->
            check(Tcp.client("localhost", server.port).tls(clientTls).connect { it.readLine() } == "secret")
        }
    }
}

suspend fun upgradeToTls(serverTls: ServerTls, clientTls: ClientTls) {
    coroutineScope {
        val server = Tcp.server("127.0.0.1", port = 0).start(this) { plain ->
            if (plain.readLine() == "STARTTLS") {
                plain.writeLine("go ahead")
                plain.startTls(serverTls).writeLine("secret")
            }
        }
        server.use {
            Tcp.client("127.0.0.1", server.port).connect { plain ->
                plain.writeLine("STARTTLS")
                check(plain.readLine() == "go ahead")
                check(plain.startTls(clientTls, serverName = "localhost").readLine() == "secret")
            }
        }
    }
}

suspend fun messageHub() {
    coroutineScope {
        MessageHub(Tcp.server("127.0.0.1", port = 0), event = "progress").start(this).use { hub ->
            hub.broadcast(mapOf("step" to 1)) // kept until somebody comes
            HubClient(Hawser.streamClient(hub.endpoint), event = "progress").start(this).use { client ->
                check(client.messages.first().data["step"] == 1L)
            }
        }
    }
}

suspend fun broker() {
    val channel = UUID.randomUUID()
    coroutineScope {
        Broker(Tcp.server("127.0.0.1", port = 0)).start(this).use { broker ->
            val client = Tcp.client("127.0.0.1", broker.port)
            Provider(client, channel).start(this) { request -> reply(request.bytes(limit = 1024).reversedArray()) }.use { provider ->
                provider.awaitRegistered()
                Consumer(client, channel).start(this).use { consumer ->
                    check(consumer.request("abc".encodeToByteArray(), timeout = 30.seconds).decodeToString() == "cba")
                }
            }
        }
    }
}

suspend fun configuration(folder: Path) {
    val file = folder.resolve("app.toml").apply {
        writeText(
            """
            [server.api]
            endpoint = "tcp://127.0.0.1:0"
            max-connections = 100
            """.trimIndent(),
        )
    }
    val config = HawserConfig.load(file)
    coroutineScope {
        config.server("api").start(this) { it.copyTo(it) }.use { server -> check(server.options.maxConnections == 100) }
    }
}
