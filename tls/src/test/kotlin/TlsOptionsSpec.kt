package io.hawser.tls

import io.hawser.testkit.Memory
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import java.nio.file.Path
import javax.net.ssl.SSLContext
import kotlin.time.Duration
import kotlin.time.Duration.Companion.minutes
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.coroutineScope

private fun refused(build: () -> Unit): String = shouldThrow<InvalidTlsConfiguration>(build).message.orEmpty()

private fun server(block: ServerTls.Builder.() -> Unit): () -> Unit = {
    ServerTls {
        identity(certificates.server)
        block()
    }
}

class TlsOptionsSpec : StringSpec({
    "what cannot work is refused when it is built, with the reason" {
        refused { ServerTls { } } shouldContain "a server needs an identity"
        refused(server { clientAuth = ClientAuth.Required }) shouldContain "nobody's is trusted"
        refused(server { trust(certificates.authority) }) shouldContain "set clientAuth"
        refused(server { versions() }) shouldBe "no version of TLS is allowed"
        refused(server { suites("TLS_NO_SUCH_SUITE") }) shouldContain "TLS_NO_SUCH_SUITE is no cipher suite"
        refused(server { suites("TLS_AES_128_GCM_SHA256") }) shouldContain "none of the suites is one of TLSv1.2"
        refused(server { alpn("") }) shouldBe "\"\" is no application protocol"
        refused(server { alpn("x".repeat(256)) }) shouldContain "is no application protocol"
        refused { ClientTls { pin("sha256/AAAA") } } shouldContain "\"sha256/AAAA\" is no pin"
        refused { ClientTls { trust(Path.of("no-such-file.pem")) } } shouldContain "no-such-file.pem"
        refused { ServerTls { identity(Path.of("no-such.pem"), Path.of("no-such.key")) } } shouldContain "no-such"
    }

    "a ready context goes with nothing that it brings itself" {
        val ready = SSLContext.getDefault()
        refused(server { context(ready) }) shouldContain "brings its own identity"
        refused {
            ServerTls {
                context(ready)
                refuseUnknownNames = true
            }
        } shouldContain "leave refuseUnknownNames"
        refused {
            ClientTls {
                context(ready)
                sessionCache(1, 1.seconds)
            }
        } shouldContain "brings its own"
        refused { ClientTls { context(SSLContext.getInstance("TLS")) } } shouldContain "the SSLContext cannot be used"
    }

    "a session cache has a size and a time" {
        shouldThrow<IllegalArgumentException> { ClientTls { sessionCache(0, 1.minutes) } }.message shouldContain "size < 1: 0"
        shouldThrow<IllegalArgumentException> { ClientTls { sessionCache(1, Duration.ZERO) } }.message shouldContain "0s"
        ClientTls { sessionCache(10, 1.minutes) }
    }

    "groups can be chosen where the JDK lets one choose" {
        if (Runtime.version().feature() < 20) {
            refused(server { groups("x25519") }) shouldContain "from Java 20 on"
        } else {
            refused(server { groups("no-such-group") }) shouldContain "no-such-group is no group of"
            val tls = ServerTls {
                identity(certificates.server)
                groups("secp256r1")
            }
            coroutineScope {
                tcpServer().tls(tls).start(this) { it.writeLine("hello") }.use { running ->
                    tcpClient(running).tls(clientTls, "localhost").connect { it.readLine() shouldBe "hello" }
                    val other = ClientTls {
                        trust(certificates.authority)
                        groups("x25519")
                    }
                    val client = tcpClient(running).tls(other, "localhost")
                    shouldThrow<TlsHandshakeFailed> { client.connect() }.reason shouldBe TlsHandshakeFailed.Reason.RefusedByPeer
                }
            }
        }
    }

    "a client on no host has to be told whose certificate it wants" {
        coroutineScope {
            val memory = Memory.client("nobody")
            shouldThrow<IllegalArgumentException> { memory.tls(clientTls) }.message shouldContain "has no host"
            shouldThrow<IllegalArgumentException> { memory.tls(clientTls, "a b") }
        }
    }
})
