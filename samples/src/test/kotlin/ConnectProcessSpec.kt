package io.hawser.samples

import io.hawser.testkit.LeakCheck
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldMatch
import java.net.InetAddress
import java.net.ServerSocket
import java.net.Socket
import java.net.SocketException
import kotlin.concurrent.thread

/** `connect` and `relay` as their users meet them: processes, pipes, and peers that end in every order. */
class ConnectProcessSpec : StringSpec({
    extension(LeakCheck)
    timeout = 180_000

    /** Runs [block] with `connect` to a server of one, and the connection that this accepted. */
    fun connecting(vararg options: String, block: (Child, Socket) -> Unit) {
        ServerSocket(0, 1, InetAddress.getLoopbackAddress()).use { server ->
            server.soTimeout = 60_000
            Child.hawser("connect", "127.0.0.1:${server.localPort}", *options).use { connect ->
                server.accept().use { peer ->
                    peer.soTimeout = 60_000
                    block(connect, peer)
                }
            }
        }
    }

    "input goes there and comes back, and the end of it too" {
        Child.hawser("echo", "--on", "127.0.0.1:0").use { server ->
            Child.hawser("connect", "127.0.0.1:${server.port()}").use { connect ->
                connect.say("hello\nworld\n")
                connect.end() shouldBe Child.End(0, listOf("hello", "world"), "")
            }
        }
    }

    "after the end of its input it still takes what comes" {
        connecting { connect, peer ->
            connect.say("question")
            peer.getInputStream().readAllBytes().decodeToString() shouldBe "question"
            peer.getOutputStream().write("answer\n".toByteArray())
            peer.close()
            connect.end() shouldBe Child.End(0, listOf("answer"), "")
        }
    }

    "after the peer's end it still sends its input" {
        connecting { connect, peer ->
            peer.getOutputStream().write("greeting\n".toByteArray())
            peer.shutdownOutput()
            connect.line() shouldBe "greeting"
            connect.say("all the same")
            peer.getInputStream().readAllBytes().decodeToString() shouldBe "all the same"
            connect.end() shouldBe Child.End(0, emptyList(), "")
        }
    }

    "a reset is one line and status 1" {
        connecting { connect, peer ->
            val local = peer.localPort
            peer.getOutputStream().write("in\n".toByteArray())
            connect.line() shouldBe "in"
            peer.setSoLinger(true, 0)
            peer.close()
            connect.end() shouldBe
                Child.End(1, emptyList(), "hawser: connection to tcp://127.0.0.1:$local was reset by the peer\n")
        }
    }

    "silence is one line and status 1, if it is not wanted" {
        connecting("--idle-timeout", "200ms") { connect, peer ->
            connect.end() shouldBe
                Child.End(1, emptyList(), "hawser: nothing went to or came from tcp://127.0.0.1:${peer.localPort} for 200 ms\n")
        }
    }

    "silence is noticed too behind the peer's end" {
        connecting("--idle-timeout", "500ms") { connect, peer ->
            peer.shutdownOutput()
            connect.end() shouldBe
                Child.End(1, emptyList(), "hawser: nothing went to or came from tcp://127.0.0.1:${peer.localPort} for 500 ms\n")
        }
    }

    "silence is noticed too while nobody takes the output" {
        ServerSocket(0, 1, InetAddress.getLoopbackAddress()).use { server ->
            server.soTimeout = 60_000
            val arguments = arrayOf("connect", "127.0.0.1:${server.localPort}", "--idle-timeout", "500ms")
            Child.shell("exec \"\$@\" > >(exec sleep 60 &> /dev/null)", *arguments).use { connect ->
                server.accept().use { peer ->
                    val sending = thread { runCatching { peer.getOutputStream().write(ByteArray(100_000_000)) } }
                    connect.end() shouldBe
                        Child.End(1, emptyList(), "hawser: nothing went to or came from tcp://127.0.0.1:${server.localPort} for 500 ms\n")
                    sending.join()
                }
            }
        }
    }

    "nobody there is one line and status 1" {
        refusing { port ->
            Child.hawser("connect", "127.0.0.1:$port").use {
                it.end() shouldBe Child.End(1, emptyList(), "hawser: cannot connect to tcp://127.0.0.1:$port: Connection refused\n")
            }
        }
    }

    "an output that nobody reads any more is one line and status 1" {
        Child.hawser("echo", "--on", "127.0.0.1:0").use { server ->
            val line = "head -c 100000000 /dev/zero | \"\$@\" | head -c 1 | wc -c; exit \${PIPESTATUS[1]}"
            Child.shell(line, "connect", "127.0.0.1:${server.port()}").use {
                it.end() shouldBe Child.End(1, listOf("1"), "hawser: cannot write to standard output: Broken pipe\n")
            }
        }
    }

    "a relay passes bytes and ends on, both ways" {
        Child.hawser("echo", "--on", "127.0.0.1:0").use { server ->
            Child.hawser("relay", "--on", "127.0.0.1:0", "--to", "127.0.0.1:${server.port()}", "--stats").use { relay ->
                val port = relay.port()
                repeat(2) {
                    Child.hawser("connect", "127.0.0.1:$port").use { connect ->
                        connect.say("hello\n")
                        connect.end() shouldBe Child.End(0, listOf("hello"), "")
                    }
                }
                relay.signal("TERM")
                val end = relay.end()
                end.status shouldBe 0
                end.errors.lines().dropLast(1).last() shouldMatch "stats connections=0 accepted=2 refused=0 in=12 out=12 .*"
            }
        }
    }

    "a relay to nobody closes who comes, says so, and goes on" {
        refusing { port ->
            Child.hawser("relay", "--on", "127.0.0.1:0", "--to", "127.0.0.1:$port").use { relay ->
                val open = relay.port()
                repeat(2) {
                    Socket("127.0.0.1", open).use { socket ->
                        socket.soTimeout = 60_000
                        runCatching { socket.getInputStream().read() }.getOrDefault(-1) shouldBe -1
                    }
                }
                relay.signal("TERM")
                val end = relay.end()
                end.status shouldBe 0
                end.errors.trim().lines().size shouldBe 2
                for (line in end.errors.trim().lines()) {
                    line shouldMatch ".*127.0.0.1:[0-9]+ is turned away: cannot connect to tcp://127.0.0.1:$port: Connection refused"
                }
            }
        }
    }

    "a relay passes a reset on, either way, and never as an end" {
        ServerSocket(0, 2, InetAddress.getLoopbackAddress()).use { server ->
            server.soTimeout = 60_000
            Child.hawser("relay", "--on", "127.0.0.1:0", "--to", "127.0.0.1:${server.localPort}").use { relay ->
                val port = relay.port()
                for (whoResets in 0..1) {
                    val near = Socket("127.0.0.1", port)
                    val (dead, other) = listOf(near, server.accept()).let { if (whoResets == 0) it else it.reversed() }
                    other.use {
                        other.soTimeout = 60_000
                        dead.getOutputStream().write('a'.code)
                        other.getInputStream().read() shouldBe 'a'.code
                        dead.setSoLinger(true, 0)
                        dead.close()
                        shouldThrow<SocketException> { other.getInputStream().read() }
                    }
                }
            }
        }
    }

    "who cannot connect has taken nothing of its input" {
        refusing { port ->
            Child.shell("echo hello | { \"\$@\" 2> /dev/null || cat; }", "connect", "127.0.0.1:$port").use {
                it.end() shouldBe Child.End(0, listOf("hello"), "")
            }
        }
    }

    "an input that is closed is one line and status 1, and none of the files of the JVM" {
        Child.hawser("echo", "--on", "127.0.0.1:0").use { server ->
            Child.shell("\"\$@\" <&- | wc -c; exit \${PIPESTATUS[0]}", "connect", "127.0.0.1:${server.port()}").use {
                val end = it.end()
                end.lines shouldBe listOf("0")
                end.status shouldBe 1
            }
        }
    }
})
