package io.hawser.benchmarks.server

import io.hawser.benchmarks.Tools
import io.hawser.blocking.Blocking
import io.hawser.tcp.Tcp
import java.nio.file.Path

/** Hawser's blocking face as it comes, with the streams that `java.net` has too. */
internal object HawserBlocking : JvmContestant("hawser-blocking", setOf(ECHO)) {
    override fun version(tools: Tools): String = Hawser.version(tools)

    override fun serve(service: String, file: Path) {
        val server = Blocking.server(Tcp.server(port = 0)).start { connection ->
            copy(connection.inputStream, connection.outputStream, ByteArray(ECHO_BUFFER_SIZE))
        }
        announce(server.port)
        server.awaitClosed()
    }
}
