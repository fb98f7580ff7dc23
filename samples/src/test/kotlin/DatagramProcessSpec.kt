package io.hawser.samples

import io.hawser.testkit.LeakCheck
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldStartWith
import java.net.DatagramPacket
import java.net.DatagramSocket
import java.net.InetAddress
import java.net.ServerSocket

/** `echo` and `connect` over datagrams as their users meet them. */
class DatagramProcessSpec : StringSpec({
    extension(LeakCheck)
    timeout = 180_000
    val loopback = InetAddress.getLoopbackAddress()

    "each line goes as a datagram, and each that comes back is a line" {
        Child.hawser("echo", "--on", "udp://127.0.0.1:0", "--stats").use { server ->
            val endpoint = "udp://127.0.0.1:${server.port()}"
            Child.hawser("connect", endpoint).use { connect ->
                connect.type("hello\n\n")
                List(2) { connect.line() } shouldBe listOf("hello", "")
                connect.say("world")
                connect.end() shouldBe Child.End(0, listOf("world"), "")
            }
            server.signal("TERM")
            val end = server.end()
            end.status shouldBe 0
            end.errors.trimEnd().lines().last() shouldStartWith "stats connections=0 received=3 dropped=0 failed=0 in=10 out=10 "
        }
    }

    "blocks are datagrams of their size, and come back without anything between them" {
        DatagramSocket(0, loopback).use { peer ->
            peer.soTimeout = 60_000
            Child.hawser("connect", "udp://127.0.0.1:${peer.localPort}", "--block", "4").use { connect ->
                connect.say("one\ntwo\nx")
                val sizes = List(3) {
                    val packet = DatagramPacket(ByteArray(100), 100)
                    peer.receive(packet)
                    peer.send(packet)
                    packet.length
                }
                sizes shouldBe listOf(4, 4, 1)
                connect.end() shouldBe Child.End(0, listOf("one", "two", "x"), "")
            }
        }
    }

    "nobody there is one line and status 1" {
        DatagramSocket(0, loopback).use { busy ->
            // It keeps the port from others, and receives from its peer alone.
            busy.connect(loopback, 9)
            val endpoint = "udp://127.0.0.1:${busy.localPort}"
            Child.hawser("connect", endpoint).use { connect ->
                connect.say("hello\n")
                connect.end() shouldBe Child.End(1, emptyList(), "hawser: nobody receives at $endpoint\n")
            }
        }
    }

    "a port that is taken is one line and status 1" {
        DatagramSocket(0, loopback).use { taken ->
            Child.hawser("echo", "--on", "udp://127.0.0.1:${taken.localPort}").use { echo ->
                val end = echo.end()
                end.status shouldBe 1
                end.errors shouldStartWith "hawser: cannot listen on udp://127.0.0.1:${taken.localPort}: Address already in use"
            }
        }
        val freeForDatagrams = generateSequence { ServerSocket(0, 1, loopback) }.first { tcp ->
            runCatching { DatagramSocket(tcp.localPort, loopback).close() }.onFailure { tcp.close() }.isSuccess
        }
        freeForDatagrams.use { tcp ->
            Child.hawser("echo", "--on", "udp://127.0.0.1:${tcp.localPort}").use { it.port() shouldBe tcp.localPort }
        }
    }
})
