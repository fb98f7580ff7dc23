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
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.launch

/** Another program's hub in Python: it announces the port it is given, says so, and stays. */
private const val ANNOUNCER = """
import fcntl, sys
file = open(sys.argv[1], "r+b" if __import__("os").path.exists(sys.argv[1]) else "w+b")
fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, 2**62 + 1)
file.write(f"tcp://127.0.0.1:{sys.argv[2]}\n".encode())
file.flush()
print("announced", flush=True)
sys.stdin.readline()
"""

class NamedHubsSpec : StringSpec({
    extension(LeakCheck)

    val root = tempdir().toPath()
    var folders = 0

    fun folder(): Path = root.resolve("${folders++}").resolve("hubs")

    /** Ports of this test alone, free a moment ago. */
    fun freePorts(count: Int): IntRange {
        while (true) {
            val first = ServerSocket(0, 1, InetAddress.getLoopbackAddress()).use { it.localPort }
            val rest = (first + 1 until first + count).map { port ->
                runCatching { ServerSocket(port, 1, InetAddress.getLoopbackAddress()).close() }.isSuccess
            }
            if (rest.all { it }) return first until first + count
        }
    }

    val eager = HubClientOptions { link = LinkOptions { backoff = Backoff.constant(5.milliseconds) } }
    val once = HubClientOptions { link = LinkOptions { backoff = Backoff { _, _ -> null } } }

    /** What a client fails with that does not try again. */
    suspend fun failure(hubs: NamedHubs, kind: SocketKind = SocketKind.Tcp): Throwable? = coroutineScope {
        val client = hubs.createClient(kind, "progress", once).start(this)
        shouldThrow<LinkStopped> { client.receive(30.seconds) }
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
                file.readText() shouldBe ""
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

    "another program's hub is found while it lives, and stands in the way of a second" {
        val hubs = NamedHubs(NamedHubOptions { socketDir = folder() })
        Files.createDirectories(hubs.options.socketDir)
        val file = hubs.options.socketDir.resolve("progress.tcp")
        coroutineScope {
            val elsewhere = MessageHub(io.hawser.tcp.Tcp.server(port = 0), "progress").start(this)
            elsewhere.broadcast(mapOf("n" to 1))
            Program.start("python3", "-u", "-c", ANNOUNCER, "$file", "${elsewhere.handle.port}").use { program ->
                program.awaitLine("announced")
                val taken = shouldThrow<BindFailed> { hubs.createServer(SocketKind.Tcp, "progress").start(this) }
                taken.message shouldContain "another hub of progress has $file"
                hubs.createClient(SocketKind.Tcp, "progress", eager).start(this).use { it.receive(30.seconds).data["n"] shouldBe 1L }
                program.kill()
            }
            file.readText() shouldBe "tcp://127.0.0.1:${elsewhere.handle.port}\n"
            failure(hubs).shouldBeInstanceOf<ConnectFailed>().reason shouldBe ConnectFailed.Reason.NoSuchName
            val next = hubs.createServer(SocketKind.Tcp, "progress").start(this)
            file.readText() shouldBe "${next.endpoint}\n"
            next.close()
            elsewhere.close()
        }
    }

    "a file that says something else, or none, is a failure with its name" {
        val hubs = NamedHubs(NamedHubOptions { socketDir = folder() })
        failure(hubs).shouldBeInstanceOf<ConnectFailed>()
        val file = Files.createDirectories(hubs.options.socketDir).resolve("progress.tcp")
        failure(hubs).shouldBeInstanceOf<ConnectFailed>().message shouldContain "no hub of progress says in $file"
        Program.start("python3", "-u", "-c", ANNOUNCER, "$file", "none").use { program ->
            program.awaitLine("announced")
            failure(hubs).shouldBeInstanceOf<ConnectFailed>().message shouldContain "$file names no endpoint"
        }
    }

    "a link in place of the file is not followed" {
        val hubs = NamedHubs(NamedHubOptions { socketDir = folder() })
        val precious = root.resolve("precious").apply { writeText("precious") }
        Files.createDirectories(hubs.options.socketDir).resolve("progress.tcp").createSymbolicLinkPointingTo(precious)
        shouldThrow<BindFailed> { coroutineScope { hubs.createServer(SocketKind.Tcp, "progress").start(this) } }
        failure(hubs).shouldBeInstanceOf<ConnectFailed>()
        precious.readText() shouldBe "precious"
    }

    "a folder that everybody may write to is not trusted" {
        val hubs = NamedHubs(NamedHubOptions { socketDir = folder() })
        Files.createDirectories(hubs.options.socketDir)
        Files.setPosixFilePermissions(hubs.options.socketDir, PosixFilePermissions.fromString("rwxrwxrwx"))
        for (kind in SocketKind.entries) {
            val refused = shouldThrow<BindFailed> { coroutineScope { hubs.createServer(kind, "progress").start(this) } }
            refused.message shouldContain "everybody may put files into this folder"
            failure(hubs, kind).shouldBeInstanceOf<ConnectFailed>().message shouldContain "everybody may put files into this folder"
        }
        Program.start("chmod", "1777", "${hubs.options.socketDir}").use { it.finish().second shouldBe 0 }
        coroutineScope { hubs.createServer(SocketKind.Tcp, "progress").start(this).close() }
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
