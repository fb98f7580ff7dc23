package io.hawser.testkit

import io.hawser.Connection
import io.hawser.copyTo
import io.hawser.event.DatagramEvent
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe
import java.nio.channels.SocketChannel
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.delay
import kotlinx.coroutines.launch

// Specs that are run by another spec, and are not what the build looks for.

/** What they leave behind on purpose, for whoever runs them to close. */
internal val leftBehind = mutableListOf<AutoCloseable>()

/** The servers that the tests of [SharingTests] saw. */
internal val serversSeen = mutableListOf<ServerExtension>()

internal class SharingTests : StringSpec({
    val echo = extension(ServerExtension(Memory.server()) { it.copyTo(it) })
    var first: Any? = null

    "starts" {
        serversSeen += echo
        first = echo.server
        echo.client.connect { }
    }

    "goes on" {
        (echo.server === first) shouldBe true
        echo.client.connect { }
    }
})

internal class LeakingTests : StringSpec({
    val echo = extension(ServerExtension(Memory.server()) { it.copyTo(it) })

    "leaves a connection open" {
        val connection = echo.client.connect()
        leftBehind += connection
        connection.writeLine("hello")
        connection shouldReceiveLine "hello"
    }

    "leaves a socket open" { leftBehind += SocketChannel.open() }

    "leaves nothing" { echo.client.connect { } }
})

internal class AssertingTests : StringSpec({
    suspend fun serve(connection: Connection) {
        when (val line = connection.readLine()) {
            "fail" -> error("as it was told to")
            else -> line shouldBe "right"
        }
    }

    val asserting = extension(ServerExtension(Memory.server()) { serve(it) })
    val launching = extension(ServerExtension(Memory.server()) { connection -> launch { serve(connection) } })

    "is answered in vain" {
        asserting.client.connect { connection ->
            connection.writeLine("wrong")
            connection.readLine() shouldBe null
        }
    }

    "is answered in vain elsewhere" {
        launching.client.connect { connection ->
            connection.writeLine("wrong")
            connection.readLine() shouldBe null
        }
    }

    "fails" {
        asserting.client.connect { connection ->
            connection.writeLine("fail")
            connection.readLine() shouldBe null
        }
    }
})

internal class AssertingDatagrams : StringSpec({
    val stays = CompletableDeferred<Unit>()
    val launching = extension(
        DatagramServerExtension(MemoryDatagram.server()) { datagram ->
            when (val text = datagram.bytes.decodeToString()) {
                "stay" -> {
                    stays.complete(Unit)
                    awaitCancellation()
                }

                else -> launch {
                    delay(50.milliseconds)
                    text shouldBe "right"
                }
            }
        },
    )

    "is handled in vain when it has ended" {
        launching.client.open { socket ->
            socket.send("right".encodeToByteArray())
            socket.send("not right".encodeToByteArray())
            launching.events.first<DatagramEvent.Received>(within = 30.seconds) { it.bytes == 9 }
        }
    }

    "is innocent" { }

    "is handled without an end" {
        launching.client.open { socket ->
            socket.send("stay".encodeToByteArray())
            stays.await()
        }
    }
})

internal class NeverStarted : StringSpec({
    extension(ServerExtension(Memory.server(name = "taken")) { })

    "never runs" { shouldThrow<IllegalStateException> { error("it did not get here") } }
})

internal class LeakingOutside : StringSpec({
    extension(ServerExtension(Memory.server()) { })
    beforeSpec { leftBehind += SocketChannel.open() }

    "is innocent" { }
})
