package io.hawser.samples

import io.hawser.testkit.LeakCheck
import io.hawser.testkit.TestCertificates
import io.kotest.core.spec.style.StringSpec
import io.kotest.engine.spec.tempdir
import io.kotest.matchers.collections.shouldStartWith
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldMatch
import java.net.InetAddress
import java.net.ServerSocket
import java.net.Socket

private const val SOME_TIME = "([0-9]+ ms|[0-9.]+ s)"

/** `connect --reconnect` as its users meet it: with peers that come and go, refuse and reset. */
class ReconnectProcessSpec : StringSpec({
    extension(LeakCheck)
    timeout = 180_000

    fun listen(port: Int = 0) = ServerSocket(port, 8, InetAddress.getLoopbackAddress()).apply { soTimeout = 60_000 }

    fun ServerSocket.peer(): Socket = accept().apply { soTimeout = 60_000 }

    fun Socket.line(): String =
        generateSequence { getInputStream().read().takeIf { it >= 0 }?.toChar() }.takeWhile { it != '\n' }.joinToString("")

    fun Socket.say(line: String) = getOutputStream().write("$line\n".toByteArray())

    fun Child.connects(attempt: Int, to: String) {
        errorLine() shouldBe "connecting (attempt $attempt)"
        errorLine() shouldBe "connected to $to"
    }

    "input goes to whoever is connected, and its end is the end" {
        listen().use { server ->
            val endpoint = "tcp://127.0.0.1:${server.localPort}"
            Child.hawser("connect", "--reconnect", endpoint).use { connect ->
                for (attempt in 1..3) {
                    server.peer().use { peer ->
                        connect.connects(attempt, endpoint)
                        connect.type("question $attempt\n")
                        peer.line() shouldBe "question $attempt"
                        peer.say("answer $attempt")
                        connect.line() shouldBe "answer $attempt"
                    }
                    connect.errorLine() shouldMatch "waiting $SOME_TIME because the connection has ended"
                }
                server.peer().use { peer ->
                    connect.connects(4, endpoint)
                    connect.say("last question\n")
                    peer.getInputStream().readAllBytes().decodeToString() shouldBe "last question\n"
                    peer.say("last answer")
                }
                val end = connect.end()
                end.status shouldBe 0
                end.lines shouldBe listOf("last answer")
                end.errors.trim().lines().last() shouldBe "stopped"
            }
        }
    }

    "a server that is killed and started again gets what was typed meanwhile" {
        Child.hawser("echo", "--on", "127.0.0.1:0").use { first ->
            val port = first.port()
            Child.hawser("connect", "--reconnect", "127.0.0.1:$port").use { connect ->
                connect.connects(1, "tcp://127.0.0.1:$port")
                connect.type("one\n")
                connect.line() shouldBe "one"
                first.signal("KILL")
                first.end()
                refusing(port) {
                    connect.errorLine() shouldMatch "waiting $SOME_TIME because (the connection has ended|.* was reset by the peer)"
                    connect.type("two\n")
                    connect.errorLine() shouldBe "connecting (attempt 2)"
                    connect.errorLine() shouldMatch "waiting $SOME_TIME because cannot connect to tcp://127.0.0.1:$port: Connection refused"
                    Child.hawser("echo", "--on", "127.0.0.1:$port").use { second ->
                        second.port() shouldBe port
                        connect.line() shouldBe "two"
                        connect.say("three\n")
                        val end = connect.end()
                        end.status shouldBe 0
                        end.lines shouldBe listOf("three")
                        end.errors.trim().lines().takeLast(2) shouldBe listOf("connected to tcp://127.0.0.1:$port", "stopped")
                    }
                }
            }
        }
    }

    "whoever resets is gone to again" {
        listen().use { server ->
            val endpoint = "tcp://127.0.0.1:${server.localPort}"
            Child.hawser("connect", "--reconnect", endpoint).use { connect ->
                val first = server.peer()
                connect.connects(1, endpoint)
                first.setSoLinger(true, 0)
                first.close()
                connect.errorLine() shouldMatch "waiting $SOME_TIME because connection to $endpoint was reset by the peer"
                server.peer().use { peer ->
                    connect.connects(2, endpoint)
                    connect.say("all the same")
                    peer.getInputStream().readAllBytes().decodeToString() shouldBe "all the same"
                }
                connect.end().status shouldBe 0
            }
        }
    }

    "a reset behind the end of the input is one line and status 1" {
        listen().use { server ->
            val endpoint = "tcp://127.0.0.1:${server.localPort}"
            Child.hawser("connect", "--reconnect", endpoint).use { connect ->
                val peer = server.peer()
                connect.say("question")
                peer.getInputStream().readAllBytes().decodeToString() shouldBe "question"
                peer.setSoLinger(true, 0)
                peer.close()
                connect.end() shouldBe Child.End(
                    1,
                    emptyList(),
                    "connecting (attempt 1)\nconnected to $endpoint\nstopped\nhawser: connection to $endpoint was reset by the peer\n",
                )
            }
        }
    }

    "the end of the input while nobody is there is the end" {
        val server = listen()
        val endpoint = "tcp://127.0.0.1:${server.localPort}"
        Child.hawser("connect", "--reconnect", endpoint).use { connect ->
            server.use {
                it.peer().use { connect.connects(1, endpoint) }
            }
            connect.errorLine() shouldMatch "waiting .*"
            connect.say("")
            val end = connect.end()
            end.status shouldBe 0
            end.errors.trim().lines().last() shouldBe "stopped"
        }
    }

    "a peer that refuses is gone to again, until a signal" {
        refusing { port ->
            Child.hawser("connect", "--reconnect", "127.0.0.1:$port").use { connect ->
                connect.errorLine() shouldBe "connecting (attempt 1)"
                connect.errorLine() shouldMatch "waiting $SOME_TIME because cannot connect to tcp://127.0.0.1:$port: Connection refused"
                connect.signal("TERM")
                val end = connect.end()
                end.status shouldBe 143
                end.errors.trim().lines().last() shouldBe "stopped"
            }
        }
    }

    "silence, if it is not wanted, is a reason for another connection" {
        listen().use { server ->
            val endpoint = "tcp://127.0.0.1:${server.localPort}"
            Child.hawser("connect", "--reconnect", endpoint, "--idle-timeout", "200ms").use { connect ->
                server.peer().use {
                    connect.connects(1, endpoint)
                    connect.errorLine() shouldMatch "waiting $SOME_TIME because nothing went to or came from $endpoint for 200 ms"
                }
                server.peer().use { connect.connects(2, endpoint) }
            }
        }
    }

    "an output that nobody reads any more is one line and status 1" {
        listen().use { server ->
            val endpoint = "tcp://127.0.0.1:${server.localPort}"
            Child.shell(
                "\"\$@\" < <(exec sleep 60 2> /dev/null) | head -c 1; exit \${PIPESTATUS[0]}",
                "connect",
                "--reconnect",
                endpoint,
            ).use { connect ->
                server.peer().use { peer ->
                    runCatching { while (true) peer.say("without end") }
                    val end = connect.end()
                    end.status shouldBe 1
                    end.errors.trim().lines() shouldBe listOf(
                        "connecting (attempt 1)",
                        "connected to $endpoint",
                        "stopped",
                        "hawser: cannot write to standard output: Broken pipe",
                    )
                }
            }
        }
    }

    "an input that is closed is one line and status 1" {
        listen().use { server ->
            val endpoint = "tcp://127.0.0.1:${server.localPort}"
            Child.shell("exec \"\$@\" <&-", "connect", "--reconnect", endpoint).use { connect ->
                val end = connect.end()
                end.status shouldBe 1
                end.errors.trim().lines().last() shouldBe "hawser: cannot read standard input: it is closed"
            }
        }
    }

    "it goes over TLS, and a certificate that is not trusted is tried again" {
        val folder = TestCertificates.create("localhost").writeTo(tempdir().toPath())
        val stranger = TestCertificates.create("localhost").writeTo(tempdir().toPath())
        val identity = arrayOf("--tls-cert", "$folder/server.pem", "--tls-key", "$folder/server.key")
        Child.hawser("echo", "--on", "tls://127.0.0.1:0", *identity).use { server ->
            val endpoint = "tls://localhost:${server.port()}"
            Child.hawser("connect", "--reconnect", endpoint, "--ca", "$folder/authority.pem").use { connect ->
                connect.say("secret\n")
                connect.end() shouldBe
                    Child.End(0, listOf("secret"), "connecting (attempt 1)\nconnected to $endpoint\nstopped\n")
            }
            Child.hawser("connect", "--reconnect", endpoint, "--ca", "$stranger/authority.pem").use { connect ->
                List(3) { connect.errorLine() } shouldStartWith "connecting (attempt 1)"
            }
        }
    }

    "a file of use to nobody is one line and status 1" {
        Child.hawser("connect", "--reconnect", "tls://localhost:1", "--ca", "/nothing").use { connect ->
            val end = connect.end()
            end.status shouldBe 1
            end.errors.trim().lines().size shouldBe 1
        }
    }
})
