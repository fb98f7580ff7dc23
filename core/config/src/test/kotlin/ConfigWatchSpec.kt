package io.hawser.config

import io.hawser.Connection
import io.hawser.ConnectionClosed
import io.hawser.SocketFailure
import io.hawser.StreamClient
import io.hawser.tcp.Tcp
import io.hawser.testkit.LeakCheck
import io.hawser.testkit.TestCertificates
import io.hawser.tls.ClientTls
import io.hawser.tls.tls
import io.hawser.tls.tlsSession
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldContainAll
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.nulls.shouldBeNull
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.types.shouldBeInstanceOf
import java.nio.file.Files
import java.nio.file.Path
import java.nio.file.StandardCopyOption.ATOMIC_MOVE
import kotlin.io.path.writeText
import kotlin.time.Duration.Companion.hours
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CoroutineStart.UNDISPATCHED
import kotlinx.coroutines.async
import kotlinx.coroutines.cancelChildren
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.job
import kotlinx.coroutines.joinAll
import kotlinx.coroutines.launch
import kotlinx.coroutines.withTimeout

private fun server(lines: String = "") = "[server.api]\nendpoint = \"tcp://127.0.0.1:0\"\n$lines\n"

/** One that looks when it is asked, and does not wait for who may still be writing. */
internal fun HawserConfig.asked(pause: suspend () -> Unit = {}): ConfigWatch = ConfigWatch(this, 1.hours, pause)

internal suspend fun StreamClient.echoes(): Boolean = try {
    connect { it.writeLine("x").let { _ -> it.readLine() == "x" } }
} catch (_: SocketFailure) {
    false
}

class ConfigWatchSpec : StringSpec({
    extension(LeakCheck)

    "limits and lists change under load, and nobody who is connected notices" {
        val path = file(server("max-connections = 4"))
        coroutineScope {
            val config = HawserConfig.load(path)
            val watch = config.asked()
            val running = config.server("api").start(this) { connection ->
                connection.lines().collect { line -> connection.writeLine(line) }
            }
            val client = Tcp.client("127.0.0.1", running.port)
            val load = List(4) { client.connect() }
            val answers = load.map { MutableStateFlow(0) }
            val talking = load.zip(answers) { connection, count -> launch { while (true) connection.exchange().also { count.value++ } } }
            suspend fun allGoOn() = withTimeout(30.seconds) {
                val before = answers.map { it.value }
                answers.zip(before) { count, then -> count.first { it > then } }
            }
            client.echoes() shouldBe false

            path.writeText(server("max-connections = 5"))
            watch.check().shouldBeInstanceOf<ConfigEvent.Reloaded>().run {
                live shouldContainExactly listOf("server.api.max-connections")
                pending shouldBe emptyList()
            }
            client.echoes() shouldBe true
            allGoOn()

            path.writeText(server("max-connections = 5\nadmission.deny = [\"127.0.0.0/8\"]"))
            watch.check().shouldBeInstanceOf<ConfigEvent.Reloaded>().live shouldContainExactly
                listOf("server.api.admission.allow", "server.api.admission.deny")
            client.echoes() shouldBe false
            allGoOn()
            path.writeText(server("max-connections = 6\nadmission.deny = [\"10.0.0.0/8\"]"))
            watch.check().shouldBeInstanceOf<ConfigEvent.Reloaded>().live shouldContainExactly
                listOf("server.api.max-connections", "server.api.admission.deny")
            client.echoes() shouldBe true
            allGoOn()

            talking.forEach { it.cancel() }
            load.forEach(Connection::close)
            running.close()
            coroutineContext.cancelChildren()
        }
    }

    "what cannot change is named, and counts for the next start" {
        val path = file(server("backlog = 10"))
        coroutineScope {
            val watch = HawserConfig.load(path).asked()
            val running = watch.config.value.server("api").start(this) { }
            path.writeText(
                server("backlog = 20\nread-timeout = \"1s\"\nsocket.no-delay = false") + "[client.db]\nendpoint = \"tcp://db:1\"\n",
            )
            val event = watch.check().shouldBeInstanceOf<ConfigEvent.Reloaded>()
            event.pending shouldContainExactly listOf("server.api.backlog", "server.api.socket.no-delay")
            event.live.filter { it.startsWith("server") } shouldContainExactly listOf("server.api.read-timeout")
            ("client.db.endpoint" in event.live) shouldBe true
            running.options.readTimeout shouldBe 1.seconds
            watch.config.value.server("api").options.backlog shouldBe 20
            watch.check().shouldBeNull()
            running.close()
            coroutineContext.cancelChildren()
        }
    }

    "a file that is wrong changes nothing, and one that is right again does" {
        val path = file(server("max-connections = 4"))
        coroutineScope {
            val watch = HawserConfig.load(path).asked()
            val before = watch.config.value
            path.writeText(server("max-connections = 0"))
            val told = async(start = UNDISPATCHED) { watch.events.first() }
            watch.check().shouldBeInstanceOf<ConfigEvent.Rejected>().cause.problems.single().toString() shouldContain "max-connections = 0"
            told.await().shouldBeInstanceOf<ConfigEvent.Rejected>()
            watch.config.value shouldBe before
            watch.check().shouldBeNull()
            Files.delete(path)
            watch.check().shouldBeInstanceOf<ConfigEvent.Rejected>()
            path.writeText(server("max-connections = 7"))
            watch.check().shouldBeInstanceOf<ConfigEvent.Reloaded>()
            watch.config.value.server("api").options.maxConnections shouldBe 7
            coroutineContext.cancelChildren()
        }
    }

    "files are found changed by themselves, replaced in one step or swapped behind a link as Kubernetes does" {
        val folder = Files.createTempDirectory("hawser-config")
        fun version(name: String, places: Int): Path = Files.createDirectories(folder.resolve(name)).also {
            it.resolve("app.toml").writeText(server("max-connections = $places"))
        }
        Files.createSymbolicLink(folder.resolve("..data"), version("..1", 1).fileName)
        val path = Files.createSymbolicLink(folder.resolve("app.toml"), Path.of("..data", "app.toml"))
        coroutineScope {
            val watch = HawserConfig.load(path).watch(this, interval = 10.milliseconds)
            Files.createSymbolicLink(folder.resolve("..new"), version("..2", 2).fileName)
            Files.move(folder.resolve("..new"), folder.resolve("..data"), ATOMIC_MOVE)
            withTimeout(30.seconds) { watch.config.first { it.server("api").options.maxConnections == 2 } }
            Files.move(version("..3", 3).resolve("app.toml"), folder.resolve("..2").resolve("app.toml"), ATOMIC_MOVE)
            withTimeout(30.seconds) { watch.config.first { it.server("api").options.maxConnections == 3 } }
            val looking = coroutineContext.job.children.toList()
            watch.close()
            withTimeout(30.seconds) { looking.joinAll() }
        }
    }

    "another certificate is shown from the next handshake on" {
        val folder = Files.createTempDirectory("hawser-config")
        val certificates = TestCertificates.create("localhost", "127.0.0.1")
        val first = certificates.server("localhost", "127.0.0.1")
        val second = certificates.server("localhost", "127.0.0.1")
        TestCertificates.write(first, folder, "first")
        TestCertificates.write(second, folder, "second")
        fun text(
            name: String,
        ) = "[server.api]\nendpoint = \"tls://127.0.0.1:0\"\ntls.certificate = \"$name.pem\"\ntls.key = \"$name.key\"\n"
        val path = folder.resolve("app.toml").also { it.writeText(text("first")) }
        coroutineScope {
            val watch = HawserConfig.load(path).asked()
            val running = watch.config.value.server("api").start(this) { it.awaitClosed() }
            running.endpoint.scheme shouldBe "tls"
            suspend fun shown() = Tcp.client("127.0.0.1", running.port).tls(ClientTls { trust(certificates.authority) }).connect {
                it.tlsSession?.peerCertificates?.first()
            }
            shown() shouldBe first.certificate
            path.writeText(text("second"))
            watch.check().shouldBeInstanceOf<ConfigEvent.Reloaded>().run {
                live shouldContainExactly listOf("server.api.tls.certificate", "server.api.tls.key")
                pending shouldBe emptyList()
            }
            shown() shouldBe second.certificate
            path.writeText(text("third"))
            watch.check().shouldBeInstanceOf<ConfigEvent.Rejected>()
            shown() shouldBe second.certificate
            watch.check().shouldBeNull()
            TestCertificates.write(first, folder, "third")
            watch.check().shouldBeInstanceOf<ConfigEvent.Reloaded>()
            shown() shouldBe first.certificate
            // Whoever shows one goes on with it when it is taken from the table.
            path.writeText("[server.api]\nendpoint = \"tcp://127.0.0.1:0\"\n")
            watch.check().shouldBeInstanceOf<ConfigEvent.Reloaded>().run {
                pending shouldContainAll listOf("server.api.endpoint", "server.api.tls.certificate", "server.api.tls.key")
            }
            shown() shouldBe first.certificate
            running.close()
            coroutineContext.cancelChildren()
        }
    }
})

private suspend fun Connection.exchange() {
    try {
        writeLine("ping")
        readLine() shouldBe "ping"
    } catch (e: ConnectionClosed) {
        throw kotlinx.coroutines.CancellationException("the test is over", e)
    }
}
