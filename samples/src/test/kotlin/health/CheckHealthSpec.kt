package io.hawser.samples.health

import io.hawser.samples.cli.Invocation
import io.hawser.samples.cli.invoke
import io.hawser.samples.refusing
import io.hawser.tcp.Tcp
import io.hawser.testkit.LeakCheck
import io.hawser.testkit.TestCertificates
import io.hawser.tls.ServerTls
import io.hawser.tls.TlsIdentity
import io.hawser.tls.tls
import io.hawser.unix.Unix
import io.kotest.core.spec.style.StringSpec
import io.kotest.engine.spec.tempdir
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldMatch
import io.kotest.matchers.string.shouldStartWith
import java.net.InetAddress
import java.net.ServerSocket
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.withContext

/** `health` as it is called, in this process. */
class CheckHealthSpec : StringSpec({
    extension(LeakCheck)
    timeout = 60_000

    val folder = tempdir().toPath()

    suspend fun health(vararg arguments: String, timeout: String = "30s"): Invocation = withContext(Dispatchers.IO) {
        invoke("health", "--timeout", timeout, *arguments)
    }

    fun Invocation.isUp(endpoint: String) {
        out shouldMatch "up ${Regex.escape(endpoint)} in [0-9.]+ (us|ms|s)\n"
        copy(out = "") shouldBe Invocation(0, "", "")
    }

    "whoever listens is up, and status 0" {
        coroutineScope {
            Tcp.server(port = 0).start(this) { it.readLine() }.use { health("127.0.0.1:${it.port}").isUp("tcp://127.0.0.1:${it.port}") }
            val path = folder.resolve("up.sock")
            Unix.server(path).start(this) { it.readLine() }.use { health("unix:$path").isUp("unix:$path") }
        }
        health("udp://127.0.0.1:9").isUp("udp://127.0.0.1:9")
    }

    "where nobody listens it is down with the reason, and status 1" {
        refusing { port ->
            health("tls://127.0.0.1:$port") shouldBe Invocation(1, "down tls://127.0.0.1:$port: Connection refused\n", "")
            health("127.0.0.1:$port") shouldBe Invocation(1, "down tcp://127.0.0.1:$port: Connection refused\n", "")
        }
        health("unix:$folder/nothing") shouldBe Invocation(1, "down unix:$folder/nothing: No such file or directory\n", "")
    }

    "who does not shake hands in time is down" {
        ServerSocket(0, 1, InetAddress.getLoopbackAddress()).use { silent ->
            val endpoint = "tls://127.0.0.1:${silent.localPort}"
            health(endpoint, "--insecure-for-testing", timeout = "200ms").run {
                status shouldBe 1
                out shouldBe "down $endpoint: no answer within 200 ms\n"
            }
        }
    }

    "a certificate that nobody trusts is down, and up for who does" {
        val certificates = TestCertificates.create("localhost")
        val files = certificates.writeTo(folder)
        coroutineScope {
            val tls = ServerTls { identity(TlsIdentity.of(certificates.server)) }
            Tcp.server(port = 0).tls(tls).start(this) { it.readLine() }.use { server ->
                val endpoint = "tls://localhost:${server.port}"
                health(endpoint).run {
                    status shouldBe 1
                    out shouldStartWith "down $endpoint: "
                }
                health(endpoint, "--ca", "$files/authority.pem").isUp(endpoint)
            }
        }
    }
})
