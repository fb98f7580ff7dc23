package io.hawser.samples

import io.hawser.testkit.LeakCheck
import io.kotest.assertions.nondeterministic.eventually
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.comparables.shouldBeLessThan
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldMatch
import java.net.ServerSocket
import kotlin.time.Duration.Companion.seconds

/** `echo` as its users meet it: a process, programs that talk to it, and signals. */
class EchoProcessSpec : StringSpec({
    extension(LeakCheck)
    timeout = 180_000

    "the first line is where it listens, in the canonical form and with the real port" {
        for ((on, first) in mapOf(
            "127.0.0.1:0" to "listening tcp://127\\.0\\.0\\.1:[1-9][0-9]*",
            "tcp://127.0.0.1:0" to "listening tcp://127\\.0\\.0\\.1:[1-9][0-9]*",
            "tcp4://127.0.0.1:0" to "listening tcp4://127\\.0\\.0\\.1:[1-9][0-9]*",
            "tcp6://*:0" to "listening tcp6://\\*:[1-9][0-9]*",
            "*:0" to "listening tcp://\\*:[1-9][0-9]*",
            ":0" to "listening tcp://\\*:[1-9][0-9]*",
        )) {
            Child.hawser("echo", "--on", on, "--loops", "1").use { server ->
                server.line() shouldMatch first
                server.signal("TERM")
                server.end() shouldBe Child.End(0, emptyList(), "")
            }
        }
    }

    "socat gets back what it says" {
        Child.hawser("echo", "--on", "tcp://127.0.0.1:0").use { server ->
            Child.tool("socat", "-t", "30", "-", "TCP:127.0.0.1:${server.port()}").use { socat ->
                socat.say("hello\nworld\n")
                socat.end() shouldBe Child.End(0, listOf("hello", "world"), "")
            }
        }
    }

    "netcat gets back what it says" {
        Child.hawser("echo", "--on", "127.0.0.1:0").use { server ->
            Child.tool("nc", "-N", "127.0.0.1", "${server.port()}").use { netcat ->
                netcat.say("hello\nworld\n")
                netcat.end() shouldBe Child.End(0, listOf("hello", "world"), "")
            }
        }
    }

    "ten thousand hostile connections leave it at rest, and with what it had" {
        Child.hawser("echo", "--on", "127.0.0.1:0").use { server ->
            val port = server.port()
            // Everything that comes with first use is there.
            repeat(4) { connected(port).close() }
            val system = Proc(server.pid)
            // The listener, and one that the JDK keeps for closing others.
            eventually(60.seconds) { system.sockets() shouldBeLessThan 3 }
            val idle = system.sockets()
            val before = system.descriptors()
            val program = """
                import os, signal, socket, struct, sys
                held = []
                for i in range(10000):
                    s = socket.create_connection(('127.0.0.1', $port))
                    if i % 3 == 0:
                        s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0)); s.close()
                    elif i % 3 == 1: s.sendall(b'x' * 1000); held.append(s)
                    else: s.sendall(b'x'); s.shutdown(socket.SHUT_WR); held.append(s)
                print('connected', flush=True)
                os.kill(os.getpid(), signal.SIGSTOP)
            """
            Child.tool("python3", "-c", program.trimIndent()).use { peers ->
                peers.line() shouldBe "connected"
                eventually(60.seconds) { system.sockets() shouldBe idle + 3_333 }
                eventually(20.seconds) { system.processorShareOver(2.seconds) shouldBeLessThan 0.03 }
            }
            eventually(60.seconds) { system.descriptors() shouldBe before }
        }
    }

    "Python gets back a megabyte and the end" {
        Child.hawser("echo", "--on", "127.0.0.1:0").use { server ->
            val program = """
                import os, socket, threading
                data = os.urandom(1 << 20)
                s = socket.create_connection(('127.0.0.1', ${server.port()}))
                def send(): s.sendall(data); s.shutdown(socket.SHUT_WR)
                threading.Thread(target=send).start()
                back = b''.join(iter(lambda: s.recv(65536), b''))
                print(back == data)
            """.trimIndent()
            Child.tool("python3", "-c", program).use { it.end() shouldBe Child.End(0, listOf("True"), "") }
        }
    }

    "a drain refuses the new, serves the open until they end, and exits 0" {
        Child.hawser("echo", "--on", "127.0.0.1:0", "--grace", "2m").use { server ->
            val port = server.port()
            connected(port).use { open ->
                server.signal("TERM")
                awaitRefusal(port)
                open.getOutputStream().write('b'.code)
                open.getInputStream().read() shouldBe 'b'.code
                open.shutdownOutput()
                open.getInputStream().read() shouldBe -1
            }
            server.end() shouldBe Child.End(0, emptyList(), "")
        }
    }

    "a reset by a peer is not worth a word" {
        Child.hawser("echo", "--on", "127.0.0.1:0", "--grace", "30s").use { server ->
            val port = server.port()
            connected(port).use { it.setSoLinger(true, 0) }
            connected(port).close()
            server.signal("TERM")
            server.end() shouldBe Child.End(0, emptyList(), "")
        }
    }

    "a port that is taken is one line and status 1" {
        ServerSocket(0, 1, java.net.InetAddress.getLoopbackAddress()).use { taken ->
            Child.hawser("echo", "--on", "127.0.0.1:${taken.localPort}").use {
                it.end() shouldBe
                    Child.End(1, emptyList(), "hawser: cannot listen on tcp://127.0.0.1:${taken.localPort}: Address already in use\n")
            }
        }
    }
})
