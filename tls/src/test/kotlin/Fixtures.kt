package io.hawser.tls

import io.hawser.ClientOptions
import io.hawser.Endpoint
import io.hawser.RunningServer
import io.hawser.ServerOptions
import io.hawser.StreamClient
import io.hawser.StreamServer
import io.hawser.tcp.Tcp
import io.hawser.testkit.Memory
import io.hawser.testkit.TestCertificates
import io.hawser.testkit.contract.ContractTransport
import io.hawser.unix.Unix
import java.nio.file.Files
import java.nio.file.Path
import java.util.concurrent.atomic.AtomicLong
import kotlin.time.Duration.Companion.seconds

/** Nothing here takes this long unless it hangs. */
internal val HANG = 120.seconds

/** For all tests of this process: making them takes a while. */
internal val certificates: TestCertificates by lazy { TestCertificates.create("localhost", "127.0.0.1") }

internal val serverTls: ServerTls by lazy { ServerTls { identity(certificates.server) } }

internal val clientTls: ClientTls by lazy { ClientTls { trust(certificates.authority) } }

private val names = AtomicLong()

/** A folder of this process, which goes with it. */
internal val folder: Path = Files.createTempDirectory("hawser").also { created ->
    Runtime.getRuntime().addShutdownHook(Thread { created.toFile().deleteRecursively() })
}

/** A path that nobody has had yet. */
internal fun newPath(): Path = folder.resolve("${names.incrementAndGet()}.sock")

/** A loopback address that no other process uses, where there are more than one: nobody else takes a port of it that is free for a while. */
private val ownHost: String = ProcessHandle.current().pid().let { pid ->
    if (System.getProperty("os.name") == "Linux") "127.${128 + (pid shr 16)}.${pid shr 8 and 255}.${pid and 255}" else "127.0.0.1"
}

internal fun tcpServer(options: ServerOptions = ServerOptions()): StreamServer = Tcp.server("127.0.0.1", port = 0, options)

internal fun tcpClient(server: RunningServer, options: ClientOptions = ClientOptions()): StreamClient =
    Tcp.client("127.0.0.1", server.port, options)

/** TLS, as [server] and [client] have it, over these streams. */
internal class Stacks(private val server: () -> ServerTls, private val client: () -> ClientTls) {
    val memory = ContractTransport(
        server = { options -> Memory.server(options).tls(server()) },
        client = { running, options -> Memory.client(running, options).tls(client(), "localhost") },
        hasRecords = true,
        successor = { running -> Memory.server(running.endpoint).tls(server()) },
    )
    val tcp = ContractTransport(
        server = { options -> Tcp.server(ownHost, port = 0, options).tls(server()) },
        client = { running, options -> Tcp.client(ownHost, running.port, options).tls(client(), "localhost") },
        hasRecords = true,
        successor = { running -> Tcp.server(ownHost, running.port).tls(server()) },
    )
    val unix = ContractTransport(
        server = { options -> Unix.server(newPath(), options).tls(server()) },
        client = { running, options -> Unix.client((running.endpoint as Endpoint.Local).name, options).tls(client(), "localhost") },
        resets = false,
        hasRecords = true,
    )
}
