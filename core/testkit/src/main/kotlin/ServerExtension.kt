package io.hawser.testkit

import io.hawser.Connection
import io.hawser.Datagram
import io.hawser.DatagramClient
import io.hawser.DatagramExchange
import io.hawser.DatagramServer
import io.hawser.Hawser
import io.hawser.KotlinOnly
import io.hawser.RunningDatagramServer
import io.hawser.RunningServer
import io.hawser.StreamClient
import io.hawser.StreamServer
import io.hawser.testkit.host.datagramHostOf
import io.hawser.testkit.host.hostOf
import java.nio.file.Path
import kotlinx.coroutines.CoroutineScope

/**
 * Runs a server for all tests of a Kotest spec, and fails tests and the spec if anything was left behind, as [LeakCheck] does:
 *
 * ```
 * val echo = extension(ServerExtension(Tcp.server(port = 0)) { connection -> connection.copyTo(connection) })
 *
 * "answers" {
 *     echo.client.connect { connection ->
 *         connection.writeLine("hello")
 *         connection shouldReceiveLine "hello"
 *     }
 * }
 * ```
 *
 * The server starts before the first test and has ended after the last one. A connection that the server has accepted before the end of a
 * test, and that is still open five seconds later, fails that test, and so does an [AssertionError] that a handler, or what it launches,
 * throws. Other failures of handlers are events, as everywhere. A handler that goes on ten seconds after the last test fails the spec.
 */
@KotlinOnly
public class ServerExtension : HostExtension<RunningServer> {
    /** A server on a free port, or wherever [server] listens. */
    public constructor(server: StreamServer, handler: suspend CoroutineScope.(Connection) -> Unit) : super(hostOf({ server }, handler))

    /** What [inFolder] makes of an empty folder, which is deleted behind the server: `{ Unix.server(it.resolve("echo.sock")) }`. */
    public constructor(
        inFolder: (Path) -> StreamServer,
        handler: suspend CoroutineScope.(Connection) -> Unit,
    ) : super(hostOf({ folder -> inFolder(folder()) }, handler))

    /**
     * A client of the server, by the scheme of its endpoint.
     *
     * @throws IllegalStateException before the first test and after the last one.
     */
    public val client: StreamClient get() = Hawser.streamClient(endpoint)
}

/**
 * As [ServerExtension], with a server of datagrams. A test fails for every datagram that has come before its end and whose handler goes on
 * five seconds later; one that is still on its way may come in the next test.
 */
@KotlinOnly
public class DatagramServerExtension : HostExtension<RunningDatagramServer> {
    /** A server on a free port, or wherever [server] listens. */
    public constructor(server: DatagramServer, handler: suspend DatagramExchange.(Datagram) -> Unit) :
        super(datagramHostOf({ server }, handler))

    /** What [inFolder] makes of an empty folder, which is deleted behind the server. */
    public constructor(
        inFolder: (Path) -> DatagramServer,
        handler: suspend DatagramExchange.(Datagram) -> Unit,
    ) : super(datagramHostOf({ folder -> inFolder(folder()) }, handler))

    /**
     * A client of the server, by the scheme of its endpoint.
     *
     * @throws IllegalStateException before the first test and after the last one.
     */
    public val client: DatagramClient get() = Hawser.datagramClient(endpoint)
}
