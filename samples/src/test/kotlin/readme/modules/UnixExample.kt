package io.hawser.samples.readme.modules

import io.hawser.unix.SocketFile
import io.hawser.unix.Unix
import io.hawser.unix.peerCredentials
import java.nio.file.Path
import kotlinx.coroutines.coroutineScope

suspend fun main(args: Array<String>): Unit = coroutineScope {
    val path = Path.of(args.firstOrNull() ?: "/tmp/whoami.sock")
    val file = SocketFile { permissions("rw-rw----") }
    val server = Unix.server(path, file = file).start(this) { connection ->
        connection.writeLine("you are user ${connection.peerCredentials.uid}")
    }
    server.use {
        println(Unix.client(path).connect { connection -> connection.readLine() })
    }
}
