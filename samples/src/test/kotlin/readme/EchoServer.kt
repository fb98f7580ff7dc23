package io.hawser.samples.readme.server

import io.hawser.copyTo
import io.hawser.tcp.Tcp

suspend fun main() {
    Tcp.server(port = 9002).serve { connection -> connection.copyTo(connection) }
}
