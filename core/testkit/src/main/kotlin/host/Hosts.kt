package io.hawser.testkit.host

import io.hawser.Connection
import io.hawser.Datagram
import io.hawser.DatagramExchange
import io.hawser.DatagramServer
import io.hawser.RunningDatagramServer
import io.hawser.RunningServer
import io.hawser.StreamServer
import java.nio.file.Path
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.coroutineScope

internal fun hostOf(server: (Path) -> StreamServer, handler: suspend CoroutineScope.(Connection) -> Unit): Host<RunningServer> =
    Host { scope, folder -> server(folder()).start(scope) { connection -> checking { coroutineScope { handler(connection) } } } }

internal fun hostOf(server: StreamServer, handler: suspend CoroutineScope.(Connection) -> Unit): Host<RunningServer> =
    Host { scope, _ -> server.start(scope) { connection -> checking { coroutineScope { handler(connection) } } } }

internal fun datagramHostOf(
    server: (Path) -> DatagramServer,
    handler: suspend DatagramExchange.(Datagram) -> Unit,
): Host<RunningDatagramServer> = Host { scope, folder ->
    server(folder()).start(scope) { datagram -> checking { handler(datagram) } }
}

internal fun datagramHostOf(
    server: DatagramServer,
    handler: suspend DatagramExchange.(Datagram) -> Unit,
): Host<RunningDatagramServer> = Host { scope, _ -> server.start(scope) { datagram -> checking { handler(datagram) } } }
