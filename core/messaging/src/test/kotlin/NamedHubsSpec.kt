package io.hawser.messaging

import io.hawser.BindFailed
import io.hawser.ConnectFailed
import io.hawser.reconnect.Backoff
import io.hawser.reconnect.LinkOptions
import io.hawser.reconnect.LinkState
import io.hawser.reconnect.LinkStopped
import io.hawser.testkit.LeakCheck
import io.hawser.testkit.Program
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.engine.spec.tempdir
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.types.shouldBeInstanceOf
import java.net.InetAddress
import java.net.InetSocketAddress
import java.net.ServerSocket
import java.nio.file.Files
import java.nio.file.Path
import java.nio.file.attribute.PosixFilePermissions
import kotlin.io.path.createSymbolicLinkPointingTo
import kotlin.io.path.exists
import kotlin.io.path.readText
import kotlin.io.path.writeText
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.minutes
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.launch

/** Has the lock of another program's hub, until its input ends. */
private const val HOLDER = """
import fcntl, sys
file = open(sys.argv[1], "w")
fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
print("locked", flush=True)
sys.stdin.readline()
"""

class NamedHubsSpec : StringSpec({
    extension(LeakCheck)

    val root = tempdir().toPath()
    var folders = 0

    fun folder(): Path = root.resolve("${folders++}").resolve("hubs")

    val eager = HubClientOptions { link = LinkOptions { backoff = Backoff.constant(5.milliseconds) } }
    val once = HubClientOptions {
        pingTimeout = 30.seconds
        link = LinkOptions {
            dialTimeout = 30.seconds
            handshakeTimeout = 30.seconds
            backoff = Backoff { _, _ -> null }
        }
    }

    /** What a client fails with that does not try again. */
    suspend fun failure(hubs: NamedHubs, kind: SocketKind = SocketKind.Tcp): Throwable? = coroutineScope {
        val client = hubs.createClient(kind, "progress", once).start(this)
        shouldThrow<LinkStopped> { client.receive(2.minutes) }
        client.join()
        (client.state.value as LinkState.Stopped).cause
    }

    for (kind in SocketKind.entries) {
        "a client finds its hub by name, and finds it again when it comes back: $kind" {
            val hubs = NamedHubs(
                NamedHubOptions {
                    socketDir = folder()
                    ports = freePorts(4)
                },
            )
            coroutineScope {
                val early = hubs.createClient(kind.name.uppercase(), "progress", eager).start(this)
                repeat(2) { round ->
                    val hub = hubs.createServer(kind.name.lowercase(), "progress").start(this)
                    hub.broadcast(mapOf("round" to round))
                    early.receive(30.seconds).data shouldBe mapOf("round" to round.toLong())
                    val other = hubs.createServer(kind, "progress")
                    val failure = shouldThrow<BindFailed> { other.start(this) }
                    failure.reason shouldBe BindFailed.Reason.AddressInUse
                    hub.shutdown(30.seconds)
                }
                early.close()
            }
        }
    }

    "hubs on TCP take the first port that is free, and say so in a file that nobody else can write" {
        val range = freePorts(3)
        val hubs = NamedHubs(
            NamedHubOptions {
                socketDir = folder()
                ports = range
            },
        )
        val file = hubs.options.socketDir.resolve("two.tcp")
        ServerSocket().use { taken ->
            taken.bind(InetSocketAddress(InetAddress.getLoopbackAddress(), range.first))
            coroutineScope {
                val one = hubs.createServer(SocketKind.Tcp, "one").start(this)
                val two = hubs.createServer(SocketKind.Tcp, "two").start(this)
                "${one.endpoint}" shouldBe "tcp://127.0.0.1:${range.first + 1}"
                "${two.endpoint}" shouldBe "tcp://127.0.0.1:${range.first + 2}"
                file.readText() shouldBe "${two.endpoint}\n"
                val third = shouldThrow<BindFailed> { hubs.createServer(SocketKind.Tcp, "three").start(this) }
                third.reason shouldBe BindFailed.Reason.AddressInUse
                third.message shouldContain "none of tcp://127.0.0.1:${range.first} to tcp://127.0.0.1:${range.last} is free"
                two.close()
                two.awaitClosed()
                file.exists() shouldBe false
                hubs.createServer(SocketKind.Tcp, "three").start(this).close()
                one.close()
            }
        }
        PosixFilePermissions.toString(Files.getPosixFilePermissions(hubs.options.socketDir)) shouldBe "rwx------"
    }

    "a hub on a port that is given is found too, and one that listens everywhere" {
        for (host in listOf("127.0.0.1", "*")) {
            val hubs = NamedHubs(
                NamedHubOptions {
                    socketDir = folder()
                    this.host = host
                    port = 0
                },
            )
            coroutineScope {
                val hub = hubs.createServer(SocketKind.Tcp, "progress").start(this)
                hub.broadcast(mapOf("n" to 1))
                hubs.createClient(SocketKind.Tcp, "progress").start(this).use { it.receive(30.seconds).data["n"] shouldBe 1L }
                hub.close()
            }
        }
    }

    "another program's hub stands in the way of a second, and what it said is taken back by the next" {
        val hubs = NamedHubs(NamedHubOptions { socketDir = folder() })
        Files.createDirectories(hubs.options.socketDir)
        val file = hubs.options.socketDir.resolve("progress.tcp")
        coroutineScope {
            Program.start("python3", "-u", "-c", HOLDER, "$file.lock").use { program ->
                program.awaitLine("locked")
                file.writeText("tcp://127.0.0.1:9\n")
                val taken = shouldThrow<BindFailed> { hubs.createServer(SocketKind.Tcp, "progress").start(this) }
                taken.message shouldContain "another hub of progress has $file"
                file.readText() shouldBe "tcp://127.0.0.1:9\n"
                program.kill()
            }
            failure(hubs).shouldBeInstanceOf<ConnectFailed>().reason shouldBe ConnectFailed.Reason.Refused
            val next = hubs.createServer(SocketKind.Tcp, "progress").start(this)
            file.readText() shouldBe "${next.endpoint}\n"
            // Whoever reads the file in the hub's own process takes nothing from it.
            Program.start("python3", "-c", HOLDER, "$file.lock").use { it.finish().second shouldBe 1 }
            next.close()
        }
    }

    "a client that meets the hub of another event, where a hub was killed, finds its own when that comes" {
        val hubs = NamedHubs(
            NamedHubOptions {
                socketDir = folder()
                port = 0
            },
        )
        coroutineScope {
            val other = hubs.createServer(SocketKind.Tcp, "other").start(this)
            val file = hubs.options.socketDir.resolve("progress.tcp").apply { writeText("${other.endpoint}\n") }
            failure(hubs).shouldBeInstanceOf<WrongEvent>().actual shouldBe "other"
            val client = hubs.createClient(SocketKind.Tcp, "progress", eager).start(this)
            val hub = hubs.createServer(SocketKind.Tcp, "progress").start(this)
            file.readText() shouldBe "${hub.endpoint}\n"
            hub.broadcast(mapOf("n" to 1))
            client.receive(30.seconds).data["n"] shouldBe 1L
            client.close()
            hub.close()
            other.close()
        }
    }

    "a file that says something else, or none, is a failure with its name" {
        val hubs = NamedHubs(NamedHubOptions { socketDir = folder() })
        failure(hubs).shouldBeInstanceOf<ConnectFailed>().reason shouldBe ConnectFailed.Reason.NoSuchName
        val file = Files.createDirectories(hubs.options.socketDir).resolve("progress.tcp")
        failure(hubs).shouldBeInstanceOf<ConnectFailed>().message shouldContain "no hub says in $file where it listens"
        for ((text, flaw) in listOf(
            "tcp://127.0.0.1:" to "no hub says in $file",
            "none\n" to "$file names no endpoint",
            "tls://localhost:9000\n" to "$file names none to connect to: tls://localhost:9000",
            "unix:/run/other.sock\n" to "$file names none to connect to",
            "tcp://*:9000\n" to "$file names none to connect to",
        )) {
            file.writeText(text)
            failure(hubs).shouldBeInstanceOf<ConnectFailed>().message shouldContain flaw
        }
        Files.delete(file)
        Program.start("mkfifo", "$file").use { it.finish().second shouldBe 0 }
        failure(hubs).shouldBeInstanceOf<ConnectFailed>().message shouldContain "$file is no regular file"
    }

    "a link in place of the file is not followed" {
        val hubs = NamedHubs(NamedHubOptions { socketDir = folder() })
        val precious = root.resolve("precious").apply { writeText("precious") }
        Files.createDirectories(hubs.options.socketDir).resolve("progress.tcp").createSymbolicLinkPointingTo(precious)
        failure(hubs).shouldBeInstanceOf<ConnectFailed>().message shouldContain "is no regular file"
        coroutineScope { hubs.createServer(SocketKind.Tcp, "progress").start(this).close() }
        Files.createSymbolicLink(hubs.options.socketDir.resolve("other.tcp.lock"), precious)
        shouldThrow<BindFailed> { coroutineScope { hubs.createServer(SocketKind.Tcp, "other").start(this) } }
        precious.readText() shouldBe "precious"
    }

    "a folder that everybody may write to is not trusted" {
        val hubs = NamedHubs(NamedHubOptions { socketDir = folder() })
        Files.createDirectories(hubs.options.socketDir)
        for (mode in listOf("777", "1777")) {
            Program.start("chmod", mode, "${hubs.options.socketDir}").use { it.finish().second shouldBe 0 }
            for (kind in SocketKind.entries) {
                val refused = shouldThrow<BindFailed> { coroutineScope { hubs.createServer(kind, "progress").start(this) } }
                refused.message shouldContain "everybody may put files into this folder"
                failure(hubs, kind).shouldBeInstanceOf<ConnectFailed>().message shouldContain "everybody may put files into this folder"
            }
        }
    }

    "one that is cancelled while it starts has announced nothing" {
        val hubs = NamedHubs(NamedHubOptions { socketDir = folder() })
        repeat(50) { round ->
            coroutineScope {
                val starting = launch { hubs.createServer(SocketKind.Tcp, "progress").start(this@coroutineScope).close() }
                repeat(round % 10) { kotlinx.coroutines.yield() }
                starting.cancelAndJoin()
            }
        }
        coroutineScope { hubs.createServer(SocketKind.Tcp, "progress").start(this).close() }
    }

    "names and options that are none are refused where they are given" {
        val hubs = NamedHubs(NamedHubOptions { socketDir = folder() })
        for (name in listOf("", "../escape", "a b", "x".repeat(65), "line\n")) {
            shouldThrow<IllegalArgumentException> { hubs.createServer(SocketKind.Unix, name) }.message shouldContain "the name of an event"
            shouldThrow<IllegalArgumentException> { hubs.createClient(SocketKind.Tcp, name) }
        }
        shouldThrow<IllegalArgumentException> { hubs.createServer("pipe", "progress") }.message shouldContain "\"pipe\""
        shouldThrow<IllegalArgumentException> { NamedHubOptions { ports = 9100..9000 } }.message shouldContain "9100..9000"
        shouldThrow<IllegalArgumentException> { NamedHubOptions { ports = 0..9000 } }
        shouldThrow<IllegalArgumentException> { NamedHubOptions { port = 65_536 } }.message shouldContain "65536"
        val deep = NamedHubs(NamedHubOptions { socketDir = root.resolve("x".repeat(107)) })
        shouldThrow<IllegalArgumentException> { deep.createServer(SocketKind.Unix, "progress") }.message shouldContain "107"
        NamedHubOptions().socketDir.isAbsolute shouldBe true
        hubs.options.socketDir.exists() shouldBe false
    }
})
