package io.hawser.tls

import io.hawser.Connection
import io.hawser.testkit.LeakCheck
import io.hawser.testkit.TestCertificates
import io.hawser.tls.TlsIdentityEvent.ReloadFailed
import io.hawser.tls.TlsIdentityEvent.Reloaded
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.shouldBe
import java.io.IOException
import java.math.BigInteger
import java.security.cert.X509Certificate
import java.util.concurrent.ConcurrentLinkedQueue
import kotlin.io.path.writeText
import kotlin.time.Duration.Companion.milliseconds
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.flow.update
import kotlinx.coroutines.isActive
import kotlinx.coroutines.launch

private const val CLIENTS = 24
private const val EXCHANGES = 5

/** A server whose certificate is exchanged while clients come without a pause. */
class ReloadSpec : StringSpec({
    extension(LeakCheck)

    for (provider in Provider.entries) {
        for (version in TlsVersion.entries) {
            "$provider: a certificate is exchanged under load over ${version.protocol}, and no handshake fails" {
                val place = folder.resolve("reload-$provider-$version")
                val events = Channel<TlsIdentityEvent>(Channel.UNLIMITED)

                /** Writes a new certificate and returns its serial number. */
                fun exchange(): BigInteger {
                    val entry = certificates.server("localhost")
                    TestCertificates.write(entry, place, "server")
                    return (entry.certificate as X509Certificate).serialNumber
                }

                val serials = mutableListOf(exchange())
                val tls = ServerTls {
                    val watching = TlsIdentity.watching(
                        place.resolve("server.pem"),
                        place.resolve("server.key"),
                        interval = 10.milliseconds,
                        onEvent = { events.trySend(it) },
                    )
                    identity(watching)
                    versions(version)
                    provider.set(this)
                }
                val client = ClientTls {
                    trust(certificates.authority)
                    provider.set(this)
                }
                val failures = ConcurrentLinkedQueue<Throwable>()
                val met = MutableStateFlow(setOf<BigInteger>())
                serving(tls) { running ->
                    suspend fun connect() = tcpClient(running).tls(client, "localhost").connect()
                    val clients = launch(Dispatchers.Default) {
                        repeat(CLIENTS) {
                            launch {
                                while (isActive) {
                                    try {
                                        connect().use { connection ->
                                            connection.writeLine("hello")
                                            check(connection.readLine() == "hello")
                                            met.update { it + connection.serial }
                                        }
                                    } catch (e: IOException) {
                                        failures += e
                                    }
                                }
                            }
                        }
                    }
                    val old = mutableListOf(connect())
                    repeat(EXCHANGES) { round ->
                        met.first { serials.last() in it }
                        if (round == 2) {
                            place.resolve("server.pem").writeText("half a certifi")
                            while (events.receive() !is ReloadFailed) Unit
                            connect().use { it.serial shouldBe serials.last() }
                        }
                        serials += exchange()
                        // What lies between the writes of the two files may be told of, too.
                        while ((events.receive() as? Reloaded)?.serial != serials.last()) Unit
                        old += connect().also { it.serial shouldBe serials.last() }
                    }
                    for ((connection, serial) in old zip serials) {
                        connection.serial shouldBe serial
                        connection.writeLine("still here")
                        connection.readLine() shouldBe "still here"
                        connection.close()
                    }
                    met.first { serials.last() in it }
                    clients.cancel()
                    clients.join()
                    failures.shouldBeEmpty()
                }
            }
        }
    }
})

private val Connection.serial: BigInteger get() = checkNotNull(tlsSession).peerCertificates.first().serialNumber
