package io.hawser.samples.testkit

import io.hawser.CloseReason
import io.hawser.copyTo
import io.hawser.event.ConnectionEvent
import io.hawser.tcp.Tcp
import io.hawser.testkit.ServerExtension
import io.hawser.testkit.shouldReceiveLine
import io.kotest.core.spec.style.StringSpec
import kotlin.time.Duration.Companion.seconds

class EchoSpec : StringSpec({
    val echo = extension(ServerExtension(Tcp.server(port = 0)) { connection -> connection.copyTo(connection) })

    "what is said comes back" {
        echo.client.connect { connection ->
            connection.writeLine("hello")
            connection shouldReceiveLine "hello"
        }
        echo.events.first<ConnectionEvent.Closed>(within = 5.seconds) { it.reason == CloseReason.Peer }
    }
})
