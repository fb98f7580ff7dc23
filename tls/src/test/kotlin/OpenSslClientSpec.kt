package io.hawser.tls

import io.hawser.testkit.LeakCheck
import io.hawser.tls.TlsHandshakeFailed.Reason
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.nulls.shouldBeNull
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import kotlinx.coroutines.CompletableDeferred

/** Our server, and who comes with `openssl s_client`. */
class OpenSslClientSpec : StringSpec({
    extension(LeakCheck)

    for (provider in Provider.entries) {
        fun server(block: ServerTls.Builder.() -> Unit = {}) = ServerTls {
            identity(certificates.server)
            provider.set(this)
            block()
        }

        for (version in listOf("1_2", "1_3")) {
            "$provider: OpenSSL's client gets its lines back over TLS $version" {
                val told = Told()
                serving(server(), told) { server ->
                    Peer.client(server, "-tls$version", "-verify_return_error").use { client ->
                        repeat(3) {
                            client.say("hello\n")
                            client.expect("hello")
                        }
                        client.say("Q\n")
                        client.finish().first shouldContain "Verify return code: 0 (ok)"
                    }
                    told.life().failures.shouldBeEmpty()
                }
            }

            "$provider: OpenSSL's client of TLS $version comes back to its session" {
                val told = Told()
                serving(server(), told) { server ->
                    val arguments = arrayOf("-tls$version", "-sess_out", "$provider$version.session")
                    for (expected in listOf("New", "Reused")) {
                        val resumed = if (expected == "Reused") arrayOf("-sess_in", "$provider$version.session") else emptyArray()
                        Peer.client(server, *arguments, *resumed).use { client ->
                            client.say("hello\n")
                            client.expect("hello")
                            client.say("Q\n")
                            client.finish().first shouldContain "$expected, TLSv"
                        }
                        told.life().failures.shouldBeEmpty()
                    }
                }
            }

            "$provider: a client of TLS $version with the session of another server gets a new one" {
                val file = "$provider$version.other"
                serving(server()) { other ->
                    Peer.client(other, "-tls$version", "-sess_out", file).use { client ->
                        client.say("hello\n")
                        client.expect("hello")
                        client.say("Q\n")
                        client.finish()
                    }
                }
                val told = Told()
                serving(server(), told) { server ->
                    Peer.client(server, "-tls$version", "-sess_in", file).use { client ->
                        client.say("hello\n")
                        client.expect("hello")
                        client.say("Q\n")
                        client.finish().first shouldContain "New, TLSv"
                    }
                    told.life().failures.shouldBeEmpty()
                }
            }

            "$provider: the application protocol of TLS $version is the first of ours that the client has" {
                val agreed = CompletableDeferred<TlsSession?>()
                val tls = server { alpn("echo/2", "echo/1") }
                serving(tls, handler = { agreed.complete(it.tlsSession) }) { server ->
                    Peer.client(server, "-tls$version", "-alpn", "http/1.1,echo/1,echo/2").use {
                        it.finish().first shouldContain "ALPN protocol: echo/2"
                    }
                    agreed.await()?.alpn shouldBe "echo/2"
                }
            }

            "$provider: a client of TLS $version with other application protocols is told so" {
                val told = Told()
                serving(server { alpn("echo/1") }, told) { server ->
                    Peer.client(server, "-tls$version", "-alpn", "http/1.1").use { client ->
                        // Conscrypt has no alert for it.
                        if (provider == Provider.JDK) client.finish().first shouldContain "no application protocol" else client.finish()
                    }
                    told.life().refusal.reason shouldBe Reason.NothingInCommon
                    Peer.client(server, "-tls$version").use { client ->
                        client.say("no protocols\n")
                        client.expect("no protocols")
                    }
                }
            }

            "$provider: the name that a client of TLS $version asks for chooses the certificate" {
                val names = listOf("a.example", "b.example", "*.c.example")
                fun tls(refuse: Boolean) = ServerTls {
                    provider.set(this)
                    names.forEach { identity(certificates.server(it)) }
                    refuseUnknownNames = refuse
                }

                val asked = listOf(
                    arrayOf("-servername", "b.example") to "b.example",
                    arrayOf("-servername", "x.c.example") to "*.c.example",
                    arrayOf("-noservername") to "a.example",
                    arrayOf("-servername", "unknown.example") to "a.example",
                )
                for (refuse in listOf(false, true)) {
                    val told = Told()
                    serving(tls(refuse), told, { it.writeLine("${it.tlsSession?.serverName}") }) { server ->
                        for ((arguments, expected) in asked) {
                            withClue("${arguments.joinToString(" ")}, refuseUnknownNames=$refuse") {
                                val output = Peer.client(server, "-tls$version", *arguments).use { it.finish().first }
                                if (refuse && arguments.last() == "unknown.example") {
                                    // Conscrypt has only the one alert for all.
                                    output shouldContain if (provider == Provider.JDK) "unrecognized name" else "alert handshake failure"
                                    told.life().refusal.reason shouldBe Reason.Other
                                } else {
                                    output shouldContain "subject=CN = $expected"
                                    output shouldContain (arguments.drop(1).firstOrNull() ?: "null")
                                    told.life().isServed shouldBe true
                                }
                            }
                        }
                    }
                }
            }
        }

        "$provider: a client that reconnects five times comes back to its session each time" {
            serving(server()) { server ->
                Peer.client(server, "-tls1_2", "-reconnect").use { client ->
                    client.say("hello\n")
                    client.expect("hello")
                    client.say("Q\n")
                    client.finish().first.split("Reused, TLSv1.2").size shouldBe 6
                }
            }
        }

        "$provider: a name of 255 characters, which no host has, harms nobody" {
            val told = Told()
            serving(server(), told) { server ->
                Peer.client(server, "-servername", "a".repeat(255)).use { client ->
                    client.say("hello\n")
                    client.endInput()
                    client.finish()
                }
                val life = told.life()
                if (life.isServed) life.failures.shouldBeEmpty() else life.refusal.reason
                Peer.client(server).use { client ->
                    client.say("hello\n")
                    client.expect("hello")
                }
            }
        }

        val old = listOf("-tls1 -cipher DEFAULT@SECLEVEL=0", "-tls1_1 -cipher DEFAULT@SECLEVEL=0")
        val weak = listOf("eNULL", "aNULL", "AES128-SHA", "ECDHE-ECDSA-AES128-SHA256", "DHE-RSA-AES128-GCM-SHA256")
        for (arguments in old + weak.map { "-tls1_2 -cipher $it:@SECLEVEL=0" }) {
            "$provider: a client with nothing better than $arguments is refused" {
                val told = Told()
                serving(server(), told) { server ->
                    Peer.client(server, *arguments.split(' ').toTypedArray()).use { client ->
                        val (output, status) = client.finish()
                        withClue(output) { (status != 0 && "alert" in output) shouldBe true }
                    }
                    val refusal = told.life().refusal
                    withClue(refusal) { refusal.reason shouldBe Reason.NothingInCommon }
                }
            }
        }
    }

    "what nobody asked for is not in the session" {
        val known = CompletableDeferred<TlsSession?>()
        serving(handler = { known.complete(it.tlsSession) }) { server ->
            Peer.client(server, "-noservername").use { it.finish() }
            val session = checkNotNull(known.await())
            session.serverName.shouldBeNull()
            session.alpn.shouldBeNull()
            session.peerCertificates.shouldBeEmpty()
        }
    }
})
