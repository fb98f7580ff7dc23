package io.hawser.tls

import io.hawser.CloseReason
import io.hawser.tcp.Tcp
import io.hawser.testkit.LeakCheck
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.types.shouldBeInstanceOf
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.flow.fold
import kotlinx.coroutines.withTimeout

/** How sessions go on and end with OpenSSL and Python. */
class SessionEndSpec : StringSpec({
    extension(LeakCheck)

    suspend fun Peer.exchange(line: String) {
        say("$line\n")
        expect(line)
    }

    for (provider in Provider.entries) {
        fun server(block: ServerTls.Builder.() -> Unit = {}) = ServerTls {
            identity(certificates.server)
            provider.set(this)
            block()
        }

        "$provider: a client that wants to renegotiate is cut off, and told" {
            val told = Told()
            serving(server(), told) { server ->
                Peer.client(server, "-tls1_2").use { client ->
                    client.exchange("hello")
                    client.say("R\n")
                    client.expect("RENEGOTIATING")
                    client.finish()
                }
                told.life().failures.single().shouldBeInstanceOf<TlsBroken>().message shouldContain "renegotiate"
            }
        }

        for (command in listOf("K", "k")) {
            "$provider: up to 32 key updates in a row by $command are nothing, however many there have been" {
                val told = Told()
                serving(server(), told) { server ->
                    Peer.client(server, "-tls1_3").use { client ->
                        repeat(3) { round ->
                            repeat(32) {
                                client.say("$command\n")
                                client.expect("KEYUPDATE")
                            }
                            client.exchange("round $round")
                        }
                        client.say("Q\n")
                        client.finish()
                    }
                    told.life().failures.shouldBeEmpty()
                }
            }

            "$provider: 33 key updates in a row by $command end the connection" {
                val told = Told()
                serving(server(), told) { server ->
                    Peer.client(server, "-tls1_3").use { client ->
                        client.exchange("hello")
                        repeat(33) {
                            client.say("$command\n")
                            client.expect("KEYUPDATE")
                        }
                        client.finish()
                    }
                    val failure = told.life().failures.single().shouldBeInstanceOf<TlsBroken>()
                    // Conscrypt has the same limit.
                    if (provider == Provider.JDK) failure.message shouldContain "over 32 records in a row"
                }
            }
        }

        for (version in listOf("1_2", "1_3")) {
            "$provider: a client that is killed has cut off what it sends over TLS $version" {
                for (accepts in listOf(false, true)) {
                    val told = Told()
                    serving(server { acceptTruncation = accepts }, told) { server ->
                        Peer.client(server, "-tls$version").use { client ->
                            client.exchange("hello")
                            client.kill()
                            val life = told.life()
                            withClue("acceptTruncation=$accepts: ${life.events}") {
                                if (accepts) {
                                    life.failures.shouldBeEmpty()
                                    life.end shouldBe CloseReason.Peer
                                } else {
                                    life.failures.single().shouldBeInstanceOf<TlsTruncated>()
                                }
                            }
                        }
                    }
                }
            }

            "$provider: a client that ends TLS $version ends the connection, and is answered by an end" {
                for (end in listOf<(Peer) -> Unit>(Peer::endInput, { it.say("Q\n") })) {
                    val told = Told()
                    serving(server(), told) { server ->
                        Peer.client(server, "-tls$version").use { client ->
                            client.exchange("hello")
                            end(client)
                            client.finish().second shouldBe 0
                        }
                        val life = told.life()
                        withClue(life.events) {
                            life.failures.shouldBeEmpty()
                            life.end shouldBe CloseReason.Peer
                        }
                    }
                }
            }
        }

        // Conscrypt ends both directions at once, as TlsOptions says.
        if (provider == Provider.JDK) {
            "$provider: what we send after the peer's end arrives" {
                val told = Told()
                serving(
                    server { versions(TlsVersion.TLS13) },
                    told,
                    handler = { connection ->
                        val count = connection.incoming().fold(0) { sum, piece -> sum + piece.size }
                        repeat(100) { connection.writeLine("$count".padStart(999, '0')) }
                    },
                ) { server ->
                    // Only an object over buffers reads on after it has ended its own side.
                    val program = """
                        s=connect()
                        c=ssl.create_default_context(cafile='authority.pem')
                        i,o=ssl.MemoryBIO(),ssl.MemoryBIO()
                        t=c.wrap_bio(i,o,server_hostname='localhost')
                        def pump(call):
                            while True:
                                try: return call()
                                except ssl.SSLWantReadError:
                                    s.sendall(o.read()); i.write(s.recv(65536))
                        pump(t.do_handshake)
                        t.write(b'x'*1000)
                        try: t.unwrap()
                        except ssl.SSLWantReadError: pass
                        s.sendall(o.read())
                        n=0
                        while n<100000: n+=len(pump(lambda: t.read(65536)))
                        print(n)
                    """
                    Peer.python(server.port, program).use { it.finish() shouldBe ("100000\n" to 0) }
                    told.life().failures.shouldBeEmpty()
                }
            }
        }

        "$provider: what the peer sends after our end arrives" {
            val program = """
                c=ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                c.load_cert_chain('server.pem','server.key')
                s=c.wrap_socket(listen(),server_side=True)
                n=0
                while True:
                    b=s.recv(65536)
                    if not b: break
                    n+=len(b)
                s.sendall(b'%d\n'%n*1000)
                s.unwrap()
            """
            Peer.python(0, program).use { peer ->
                val port = checkNotNull(peer.line()).toInt()
                val tls = ClientTls {
                    trust(certificates.authority)
                    provider.set(this)
                }
                withTimeout(HANG) {
                    coroutineScope {
                        Tcp.client("127.0.0.1", port).tls(tls, "localhost").connect { connection ->
                            connection.writeLine("a".repeat(99_999))
                            connection.shutdownOutput()
                            repeat(1000) { connection.readLine() shouldBe "100000" }
                            connection.readLine() shouldBe null
                        }
                    }
                }
                peer.finish() shouldBe ("" to 0)
            }
        }
    }
})
