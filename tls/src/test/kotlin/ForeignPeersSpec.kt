package io.hawser.tls

import io.hawser.tcp.Tcp
import io.hawser.testkit.LeakCheck
import io.hawser.tls.TlsHandshakeFailed.Reason
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.shouldBe
import io.kotest.matchers.shouldNotBe
import io.kotest.matchers.string.shouldContain
import java.nio.ByteBuffer
import kotlin.random.Random
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.launch
import kotlinx.coroutines.withTimeout

/** Python, curl, and those who do not speak TLS at all. */
class ForeignPeersSpec : StringSpec({
    extension(LeakCheck)

    for (provider in Provider.entries) {
        for (version in TlsVersion.entries) {
            val python = "ssl.TLSVersion.${if (version == TlsVersion.TLS13) "TLSv1_3" else "TLSv1_2"}"

            "$provider: a mebibyte goes from Python to us and back over ${version.protocol}" {
                val told = Told()
                val tls = ServerTls {
                    identity(certificates.server)
                    provider.set(this)
                }
                serving(tls, told) { server ->
                    // The first byte comes behind the session tickets, which are not for two threads to take in.
                    val program = """
                        c=ssl.create_default_context(cafile='authority.pem')
                        c.minimum_version=c.maximum_version=$python
                        s=c.wrap_socket(connect(),server_hostname='localhost')
                        data=os.urandom(1<<20)
                        s.sendall(data[:1])
                        got=s.recv(1)
                        t=threading.Thread(target=lambda: s.sendall(data[1:]))
                        t.start()
                        while len(got)<len(data): got+=s.recv(65536)
                        t.join()
                        print(s.version(), got==data)
                        s.unwrap()
                    """
                    Peer.python(server.port, program).use { it.finish() shouldBe ("${version.protocol} True\n" to 0) }
                    told.life().failures.shouldBeEmpty()
                }
            }

            "$provider: a mebibyte goes from us to Python and back over ${version.protocol}" {
                val program = """
                    c=ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                    c.minimum_version=c.maximum_version=$python
                    c.load_cert_chain('server.pem','server.key')
                    s=c.wrap_socket(listen(),server_side=True,suppress_ragged_eofs=False)
                    while True:
                        b=s.recv(65536)
                        if not b: break
                        s.sendall(b)
                    print(s.version())
                """
                Peer.python(0, program).use { peer ->
                    val port = checkNotNull(peer.line()).toInt()
                    val tls = ClientTls {
                        trust(certificates.authority)
                        provider.set(this)
                    }
                    val data = Random.nextBytes(1 shl 20)
                    withTimeout(HANG) {
                        Tcp.client("127.0.0.1", port).tls(tls, "localhost").connect { connection ->
                            launch { connection.write(ByteBuffer.wrap(data)) }
                            connection.readExactly(data.size).contentEquals(data) shouldBe true
                        }
                    }
                    peer.finish() shouldBe ("${version.protocol}\n" to 0)
                }
            }
        }

        "$provider: curl gets its page" {
            val told = Told()
            val tls = ServerTls {
                identity(certificates.server)
                provider.set(this)
                alpn("http/1.1")
            }
            serving(
                tls,
                told,
                handler = { connection ->
                    while (!connection.readLine().isNullOrEmpty()) Unit
                    val page = "it works over ${connection.tlsSession?.protocol}"
                    connection.writeLine("HTTP/1.1 200 OK\r\nContent-Length: ${page.length}\r\nConnection: close\r\n\r\n$page")
                },
            ) { server ->
                val url = "https://localhost:${server.port}/"
                Peer.run("curl", "-sS", "--cacert", "authority.pem", url).use { it.finish() shouldBe ("it works over TLSv1.3" to 0) }
                told.life().failures.shouldBeEmpty()
                Peer.run("curl", "-sS", "--tls-max", "1.2", "--cacert", "authority.pem", url).use {
                    it.finish() shouldBe ("it works over TLSv1.2" to 0)
                }
                told.life().failures.shouldBeEmpty()
                Peer.run("curl", "-sS", url).use { it.finish().first shouldContain "certificate" }
                val refusal = told.life().refusal
                withClue(refusal) { refusal.reason shouldBe Reason.RefusedByPeer }
                refusal.message shouldContain "unknown_ca"
            }
        }

        "$provider: who does not speak TLS gets an alert and an end, and is one failure" {
            val told = Told()
            val tls = ServerTls {
                identity(certificates.server)
                provider.set(this)
            }
            serving(tls, told) { server ->
                Peer.run("curl", "-sS", "http://127.0.0.1:${server.port}/").use { it.finish().second shouldNotBe 0 }
                val refusal = told.life().refusal
                refusal.reason shouldBe Reason.NotTls
                refusal.message shouldContain "it sent \"GET / HTTP/1.1\\x0d\\x0a\""

                Peer.run("nc", "-N", "127.0.0.1", "${server.port}").use {
                    it.say("hello\n")
                    it.endInput()
                    // An alert: fatal, unexpected_message.
                    it.finish() shouldBe ("\u0015\u0003\u0003\u0000\u0002\u0002\n" to 0)
                }
                told.life().refusal.message shouldContain "it sent \"hello\\x0a\""

                Peer.run("nc", "-N", "127.0.0.1", "${server.port}").use {
                    it.endInput()
                    it.finish() shouldBe ("" to 0)
                }
                told.life().refusal.reason shouldBe Reason.Ended

                withTimeout(HANG) {
                    tcpClient(server).connect { connection ->
                        connection.writeLine("hello")
                        connection.readExactly(7).toList() shouldBe listOf<Byte>(21, 3, 3, 0, 2, 2, 10)
                        connection.readLine() shouldBe null
                    }
                }
                told.life().refusal.reason shouldBe Reason.NotTls
            }
        }

        "$provider: a server that does not speak TLS is quoted" {
            Peer.python(
                0,
                "s=listen(); s.sendall(b'220 ready\\r\\n'); print(b''.join(iter(lambda: s.recv(65536), b''))[-7:])",
            ).use { peer ->
                val port = checkNotNull(peer.line()).toInt()
                val tls = ClientTls { provider.set(this) }
                val failure = shouldThrow<TlsHandshakeFailed> {
                    withTimeout(HANG) { Tcp.client("127.0.0.1", port).tls(tls, "localhost").connect() }
                }
                failure.reason shouldBe Reason.NotTls
                failure.message shouldBe
                    "the TLS handshake with tcp://127.0.0.1:$port failed: the peer does not speak TLS, it sent \"220 ready\\x0d\\x0a\""
                peer.finish() shouldBe ("b'\\x15\\x03\\x03\\x00\\x02\\x02\\n'\n" to 0)
            }
        }

        "$provider: a server that closes without a word has ended the handshake" {
            coroutineScope {
                Tcp.server("127.0.0.1", 0).start(this) { it.readLine() }.use { server ->
                    val failure = shouldThrow<TlsHandshakeFailed> {
                        withTimeout(HANG) { tcpClient(server).tls(clientTls, "localhost").connect() }
                    }
                    withClue(failure) { failure.reason shouldBe Reason.Ended }
                }
            }
        }
    }
})
