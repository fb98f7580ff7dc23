package io.hawser.testkit

import io.hawser.event.ConnectionEvent
import io.hawser.event.EventTap
import io.hawser.event.ServerEvent
import io.hawser.event.SocketEvent
import io.hawser.transport.TransportApi
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldContainInOrder
import io.kotest.matchers.shouldBe

@OptIn(TransportApi::class)
class EventTapSpec : StringSpec({
    "a tap is told before who does something goes on, of more than a queue holds, and until it is closed" {
        virtualTime {
            val served = mutableListOf<SocketEvent>()
            val server = server().start(this) { connection -> repeat(3_000) { connection.readLine() } }
            server.tap { served += it }
            val client = client(server)
            val seen = mutableListOf<SocketEvent>()
            val tap = client.tap { seen += it }
            client.connect { connection ->
                seen.map { it.javaClass.simpleName } shouldBe listOf("Dialing", "Opened")
                repeat(3_000) { connection.writeLine("hello") }
                seen.filterIsInstance<ConnectionEvent.Written>().sumOf { it.bytes } shouldBe 18_000
                tap.close()
                tap.close()
            }
            seen.filterIsInstance<ConnectionEvent.Closed>() shouldBe emptyList()
            client.droppedEvents shouldBe 0
            server.close()
            server.awaitClosed()
            served.map { it.javaClass } shouldContainInOrder
                listOf(ConnectionEvent.Opened::class.java, ConnectionEvent.Closed::class.java, ServerEvent.Stopped::class.java)
        }
    }

    "a tap that fails fails nothing, and is told of the next event" {
        virtualTime {
            val server = server().start(this) { it.readLine() }
            val seen = mutableListOf<String>()
            val failing = EventTap { event ->
                seen += event.javaClass.simpleName
                error("on purpose")
            }
            val client = client(server)
            client.tap(failing)
            client.connect { it.writeLine("hello") }
            seen shouldBe listOf("Dialing", "Opened", "Written", "Closed")
            server.close()
        }
    }
})
