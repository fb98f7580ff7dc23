package io.hawser.testkit.junit

import io.hawser.Connection
import io.hawser.Datagram
import io.hawser.DatagramExchange
import io.hawser.DatagramServer
import io.hawser.KotlinOnly
import io.hawser.RunningDatagramServer
import io.hawser.RunningServer
import io.hawser.StreamServer
import io.hawser.testkit.host.Host
import io.hawser.testkit.host.datagramHostOf
import io.hawser.testkit.host.hostOf
import java.nio.file.Path
import java.util.function.Function
import kotlinx.coroutines.CoroutineDispatcher
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.runInterruptible

/**
 * Runs a server for all tests of a JUnit 5 class, or for each of them if the field is not static, and fails tests if anything was left
 * behind, as [io.hawser.testkit.LeakCheck] does:
 *
 * ```java
 * @RegisterExtension
 * static final ServerExtension echo = ServerExtension.of(Tcp.server("127.0.0.1", 0), (in, out) -> in.transferTo(out));
 * ```
 *
 * A connection that the server has accepted before the end of a test, and that is still open five seconds later, fails that test, and so
 * does an [AssertionError] that a handler, or what it launches, throws. Other failures of handlers are events, as everywhere. A handler that
 * goes on ten seconds after its server was closed fails the class, or the test. Tests that run side by side see each other's sockets, and
 * those of one server each other's events.
 */
public class ServerExtension private constructor(host: Host<RunningServer>) : HostLifecycle<RunningServer>(host) {
    /** A server on a free port, or wherever [server] listens, with a handler that suspends. */
    @KotlinOnly
    public constructor(server: StreamServer, handler: suspend CoroutineScope.(Connection) -> Unit) : this(hostOf({ server }, handler))

    public companion object {
        /** A server on a free port, or wherever [server] listens, with a handler that may block. */
        @JvmStatic
        public fun of(server: StreamServer, handler: StreamHandler): ServerExtension =
            ServerExtension(hostOf({ server }) { handler.handle(it) })

        /** What [server] makes of an empty folder, which is deleted behind the server. */
        @JvmStatic
        public fun inFolder(server: Function<Path, StreamServer>, handler: StreamHandler): ServerExtension =
            ServerExtension(hostOf({ folder -> server.apply(folder()) }) { handler.handle(it) })

        private suspend fun StreamHandler.handle(connection: Connection) =
            runInterruptible(handlerThreads) { handle(ConnectionInput(connection), ConnectionOutput(connection)) }
    }
}

/**
 * As [ServerExtension], with a server of datagrams. A test fails for every datagram that has come before its end and whose handler goes on
 * five seconds later; one that is still on its way may come in the next test.
 */
public class DatagramServerExtension private constructor(host: Host<RunningDatagramServer>) :
    HostLifecycle<RunningDatagramServer>(host) {
    /** A server on a free port, or wherever [server] listens, with a handler that suspends. */
    @KotlinOnly
    public constructor(server: DatagramServer, handler: suspend DatagramExchange.(Datagram) -> Unit) :
        this(datagramHostOf({ server }, handler))

    public companion object {
        /** A server on a free port, or wherever [server] listens, with a handler that may block. */
        @JvmStatic
        public fun of(server: DatagramServer, handler: DatagramHandler): DatagramServerExtension =
            DatagramServerExtension(datagramHostOf({ server }) { answer(it, handler) })

        /** What [server] makes of an empty folder, which is deleted behind the server. */
        @JvmStatic
        public fun inFolder(server: Function<Path, DatagramServer>, handler: DatagramHandler): DatagramServerExtension =
            DatagramServerExtension(datagramHostOf({ folder -> server.apply(folder()) }) { answer(it, handler) })

        private suspend fun DatagramExchange.answer(datagram: Datagram, handler: DatagramHandler) {
            runInterruptible(handlerThreads) { handler.answer(datagram) }?.let { reply(it) }
        }
    }
}

/** One for each handler, and not 64 for all of them, which those that block could use up. */
private val handlerThreads: CoroutineDispatcher = Dispatchers.IO.limitedParallelism(Int.MAX_VALUE)
