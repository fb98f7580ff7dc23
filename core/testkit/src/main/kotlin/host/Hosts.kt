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

/** A host of what [server] makes, of a folder if it asks for one. */
internal fun hostOf(
    server: (folder: () -> Path) -> StreamServer,
    handler: suspend CoroutineScope.(Connection) -> Unit,
): Host<RunningServer> = Host { scope, folder ->
    server(folder).start(scope) { connection ->
        watch(this)
        handler(connection)
    }
}

/** As [hostOf], for datagrams. */
internal fun datagramHostOf(
    server: (folder: () -> Path) -> DatagramServer,
    handler: suspend DatagramExchange.(Datagram) -> Unit,
): Host<RunningDatagramServer> = Host { scope, folder ->
    server(folder).start(scope) { datagram ->
        watch(this)
        handler(datagram)
    }
}
