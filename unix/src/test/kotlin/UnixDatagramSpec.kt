@file:OptIn(TransportApi::class)

package io.hawser.unix

import io.hawser.BindFailed
import io.hawser.ConnectFailed
import io.hawser.DatagramClient
import io.hawser.DatagramClientOptions
import io.hawser.DatagramServerOptions
import io.hawser.DatagramSocket
import io.hawser.DatagramTooLarge
import io.hawser.Endpoint
import io.hawser.Hawser
import io.hawser.PeerUnreachable
import io.hawser.ReplyImpossible
import io.hawser.SocketOptions
import io.hawser.event.DatagramEvent
import io.hawser.testkit.LeakCheck
import io.hawser.testkit.contract.ContractDatagrams
import io.hawser.testkit.contract.DatagramContract
import io.hawser.testkit.contract.DatagramServerContract
import io.hawser.transport.RawDatagrams
import io.hawser.transport.TransportApi
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.engine.spec.tempdir
import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeInstanceOf
import java.net.UnixDomainSocketAddress
import java.nio.ByteBuffer
import java.nio.file.Files
import java.nio.file.Path
import java.nio.file.attribute.PosixFilePermissions
import kotlin.io.path.createSymbolicLinkPointingTo
import kotlin.io.path.exists
import kotlin.io.path.readText
import kotlin.io.path.writeText
import kotlin.random.Random
import kotlin.time.Duration
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.CoroutineStart.UNDISPATCHED
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withContext
import kotlinx.coroutines.withTimeout
import kotlinx.coroutines.withTimeoutOrNull
import kotlinx.coroutines.yield
import org.newsclub.net.unix.AFUNIXDatagramChannel

private val atPath = ContractDatagrams(
    server = { options -> UnixDatagram.server(newPath(), options) },
    client = { server, options -> Hawser.datagramClient(server.endpoint, options) },
)
private val atName = ContractDatagrams(
    server = { options -> UnixDatagram.server(newName(), options) },
    client = { server, options -> Hawser.datagramClient(server.endpoint, options) },
)

/** It is started before the first test looks for leaks. */
private fun loop() = runBlocking { AfUnixLoops.group(Endpoint.Local(UnixDatagram.SCHEME, "@test")).next() }

private fun ContractDatagrams.started() = also { loop() }

class UnixDatagramContractSpec : DatagramContract(atPath.started())

class UnixDatagramServerContractSpec : DatagramServerContract(atPath.started())

class UnixDatagramServerContractOnLoopSpec : DatagramServerContract(atPath.inContext(loop()))

class AbstractDatagramContractSpec : DatagramContract(atName.started())

class AbstractDatagramServerContractSpec : DatagramServerContract(atName.started())

class UnixDatagramSpec : StringSpec({
    extension(LeakCheck)
    beforeSpec { loop() }
    val dir = tempdir().toPath()

    "the file of a server has its permissions, and goes with it" {
        val path = dir.resolve("log.sock")
        coroutineScope {
            UnixDatagram.server(path).start(this) { }.use { server ->
                PosixFilePermissions.toString(Files.getPosixFilePermissions(path)) shouldBe "rw-------"
                server.endpoint.toString() shouldBe "unixgram:$path"
                shouldThrow<BindFailed> { UnixDatagram.server(path).start(this) { } }.reason shouldBe BindFailed.Reason.AddressInUse
                server.shutdown(1.seconds)
            }
        }
        path.exists() shouldBe false
        Files.list(dir).use { it.count() } shouldBe 0L
    }

    "a socket whose server was killed makes way, anything else does not" {
        val path = dir.resolve("stale.sock")
        run("python3", "-c", "import socket; socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).bind('$path')") shouldBe ""
        path.exists() shouldBe true
        coroutineScope {
            UnixDatagram.server(path).start(this) { reply(it.bytes) }.use { server ->
                Hawser.datagramClient(server.endpoint).request("alive".encodeToByteArray(), timeout = 5.seconds).text shouldBe "alive"
            }
            val takers = listOf<(Path) -> Unit>(
                { it.writeText("mine") },
                { Files.createDirectory(it) },
                { it.createSymbolicLinkPointingTo(dir.resolve("nowhere")) },
            )
            for (take in takers) {
                val other = newPath().also(take)
                shouldThrow<BindFailed> { UnixDatagram.server(other).start(this) { } }.reason shouldBe BindFailed.Reason.NameTaken
                shouldThrow<BindFailed> { UnixDatagram.client(path, ClientName.of(other)).open() }.reason shouldBe
                    BindFailed.Reason.NameTaken
                Files.exists(other, java.nio.file.LinkOption.NOFOLLOW_LINKS) shouldBe true
                Files.delete(other)
            }
        }
    }

    "a client with a name of its own is answered there, and the name goes with it" {
        val path = dir.resolve("answers.sock")
        val own = dir.resolve("client.sock")
        coroutineScope {
            UnixDatagram.server(path).start(this) { reply("to ${it.sender}".encodeToByteArray()) }.use {
                UnixDatagram.client(path, ClientName.of(own)).open { socket ->
                    PosixFilePermissions.toString(Files.getPosixFilePermissions(own)) shouldBe "rw-------"
                    socket.send(ByteArray(1))
                    withTimeout(HANG) { socket.receive().text } shouldBe "to $own"
                    socket.close()
                    socket.awaitClosed()
                }
                own.exists() shouldBe false
            }
        }
    }

    "who has no name cannot be answered" {
        val path = dir.resolve("silent.sock")
        val failed = CompletableDeferred<Throwable>()
        val options = DatagramServerOptions { onEvent { if (it is DatagramEvent.Failed) failed.complete(it.cause) } }
        coroutineScope {
            UnixDatagram.server(path, options).start(this) {
                it.canReply shouldBe false
                reply(it.bytes)
            }.use {
                UnixDatagram.client(path).open { it.send("fire and forget".encodeToByteArray()) }
                withTimeout(HANG) { failed.await() }.shouldBeInstanceOf<ReplyImpossible>()
            }
        }
    }

    "a full receiver has its sender wait, without work, and nothing is lost" {
        val path = dir.resolve("full.sock")
        Peer.python(
            0,
            "s=socket.socket(socket.AF_UNIX,socket.SOCK_DGRAM)\ns.bind('$path')\nprint('bound')\nsys.stdin.readline()\n" +
                "for i in range(100): print(s.recv(100).decode())",
        ).use { peer ->
            peer.line() shouldBe "bound"
            for (client in listOf(UnixDatagram.client(path), UnixDatagram.client(path, UnixDatagram.AUTO))) {
                client.open { socket ->
                    var sent = 0
                    withTimeoutOrNull(200.milliseconds) { while (true) socket.send("$sent".encodeToByteArray()).also { sent++ } }
                    socket.trySend(ByteArray(1)) shouldBe false
                    val waiting = async(start = UNDISPATCHED) { socket.send("last".encodeToByteArray()) }
                    LeakCheck.ensureRest()
                    waiting.cancel()
                }
            }
            UnixDatagram.client(path).open { socket ->
                val sending = launch(Dispatchers.Default) { repeat(100) { socket.send("x$it".encodeToByteArray()) } }
                peer.say("go\n")
                val lines = List(100) { peer.line() }
                lines.count { it?.startsWith("x") == true } shouldBe lines.dropWhile { it?.startsWith("x") == false }.size
                sending.cancel()
            }
        }
    }

    "a server outlives a thousand clients that are dead when they are answered" {
        val path = dir.resolve("dead.sock")
        coroutineScope {
            UnixDatagram.server(path).start(this) { datagram ->
                if (datagram.text == "dying") yield()
                reply(datagram.bytes)
            }.use { server ->
                Peer.python(
                    path,
                    "for i in range(1000):\n s=socket.socket(socket.AF_UNIX,socket.SOCK_DGRAM); s.bind('\\0dying-%d' % i)\n" +
                        " s.connect(path); s.send(b'dying'); s.close()",
                ).use { it.finish() shouldBe ("" to 0) }
                Hawser.datagramClient(server.endpoint).request("alive".encodeToByteArray(), 30.seconds).text shouldBe "alive"
                server.totals.run { received to dropped } shouldBe (1_001L to 0L)
            }
        }
    }

    "what is too large, or goes to nobody, has its own failure" {
        val path = dir.resolve("none.sock")
        shouldThrow<ConnectFailed> { UnixDatagram.client(path).open() }.run { endpoint.toString() to reason } shouldBe
            ("unixgram:$path" to ConnectFailed.Reason.NoSuchName)
        coroutineScope {
            UnixDatagram.server(path, DatagramServerOptions { maxDatagramSize = 1 shl 20 }).start(this) { reply(it.bytes) }.use { server ->
                Hawser.datagramClient(server.endpoint, DatagramClientOptions { maxDatagramSize = 1 shl 20 }).open { socket ->
                    val limit = shouldThrow<DatagramTooLarge> { socket.send(ByteArray(10_000_000)) }.limit
                    shouldThrow<DatagramTooLarge> { socket.send(ByteArray(limit + 1)) }
                    val largest = Random(1).nextBytes(limit)
                    socket.send(largest)
                    withTimeout(HANG) { socket.receive().bytes.contentEquals(largest) } shouldBe true
                }
            }
        }
        val stream = dir.resolve("stream.sock")
        coroutineScope {
            Unix.server(stream).start(this) { }.use {
                shouldThrow<ConnectFailed> { UnixDatagram.client(stream).open() }.reason shouldBe ConnectFailed.Reason.WrongKind
            }
        }
    }

    "a receiver that is killed and started again, a hundred times, is found each time" {
        val path = dir.resolve("restarted.sock")
        val receive = "import os\ns=socket.socket(socket.AF_UNIX,socket.SOCK_DGRAM)\n" +
            "os.path.exists('$path') and os.unlink('$path')\ns.bind('$path')\nprint('bound')\n" +
            "print(s.recv(100).decode())\nsys.stdin.readline()"
        var socket: DatagramSocket? = null
        var lost = 0
        repeat(100) { round ->
            Peer.python(0, receive).use { peer ->
                peer.line() shouldBe "bound"
                val sending = socket ?: UnixDatagram.client(path).open().also { socket = it }
                sending.send("$round".encodeToByteArray())
                peer.line() shouldBe "$round"
            }
            try {
                checkNotNull(socket).send("nobody".encodeToByteArray())
            } catch (_: PeerUnreachable) {
                lost++
            }
        }
        lost shouldBe 100
        socket?.close()
        socket?.awaitClosed()
    }

    "without abstract names a client's own name is in a folder of its own, and both go with it" {
        val path = dir.resolve("no-abstract.sock")
        coroutineScope {
            UnixDatagram.server(path).start(this) { reply(it.sender.toString().encodeToByteArray()) }.use { server ->
                val dialing = DatagramDialing(server.endpoint, server.address, UnixDatagram.AUTO, SocketOptions(), abstractNames = false)
                val client = DatagramClient(server.endpoint, DatagramClientOptions(), dialing::open)
                val name = Path.of(client.request(ByteArray(1), timeout = 5.seconds).text)
                name.fileName.toString() shouldBe "s"
                withTimeout(HANG) { while (name.parent.exists()) yield() }
            }
            shouldThrow<ConnectFailed> {
                DatagramClient(
                    Endpoint.of("unixgram", UnixDomainSocketAddress.of(path)),
                    DatagramClientOptions(),
                    DatagramDialing(
                        Endpoint.of("unixgram", UnixDomainSocketAddress.of(path)),
                        UnixDomainSocketAddress.of(path),
                        UnixDatagram.AUTO,
                        SocketOptions(),
                        abstractNames = false,
                    )::open,
                ).open()
            }
        }
    }

    "what has taken the place of a client's name, or of a server's, stays there" {
        val path = dir.resolve("replaced.sock")
        val own = dir.resolve("replaced-client.sock")
        coroutineScope {
            val server = UnixDatagram.server(path).start(this) { reply(it.bytes) }
            val socket = UnixDatagram.client(path, ClientName.of(own)).open()
            for (name in listOf(path, own)) {
                Files.delete(name)
                name.writeText("a rival's")
            }
            socket.close()
            socket.awaitClosed()
            server.shutdown(Duration.ZERO)
        }
        listOf(path, own).map { it.readText() } shouldBe List(2) { "a rival's" }
    }

    "a client hears its server only, also when that has gone for a while" {
        val path = dir.resolve("only.sock")
        val own = dir.resolve("own.sock")
        val intrude = "s=socket.socket(socket.AF_UNIX,socket.SOCK_DGRAM)\ntry:\n s.sendto(b'intruder','$own'); print('sent')\n" +
            "except OSError as e: print(e.strerror)"
        val server = UnixDatagram.server(path)
        coroutineScope {
            UnixDatagram.client(path, ClientName.of(own)).let { client ->
                server.start(this) { reply(it.bytes) }.use { running ->
                    client.open { socket ->
                        Peer.python(path, intrude).use { it.finish().first shouldBe "Operation not permitted\n" }
                        running.shutdown(Duration.ZERO)
                        shouldThrow<PeerUnreachable> { socket.send(ByteArray(1)) }
                        Peer.python(path, intrude).use { it.finish().first shouldBe "sent\n" }
                        server.start(this) { reply(it.bytes) }.use {
                            socket.send("mine".encodeToByteArray())
                            withTimeout(HANG) { socket.receive().run { text to sender } } shouldBe ("mine" to socket.remote)
                            socket.tryReceive() shouldBe null
                        }
                    }
                }
            }
        }
    }

    "what junixsocket hides is as it shows it, but for empty datagrams" {
        val received = AFUNIXDatagramChannel.open()
        received.use {
            val name = newName()
            received.configureBlocking(false)
            received.bind(AbstractAddress(name.substring(1)).foreign())
            val target = AbstractAddress(name.substring(1)).foreign()
            val path = dir.resolve("sender.sock")
            for (sender in listOf(null, AbstractAddress("a sender ${newName()}"), UnixDomainSocketAddress.of(path))) {
                AFUNIXDatagramChannel.open().use { channel ->
                    if (sender != null) channel.bind(sender.foreign())
                    for (receiver in listOf(Recvfrom(received), Recvfrom(received, isDirect = false))) {
                        val buffer = ByteBuffer.allocateDirect(10)
                        receiver.receive(buffer) shouldBe null
                        channel.send(ByteBuffer.wrap(ByteArray(3)), target)
                        receiver.receive(buffer) shouldBe (sender ?: RawDatagrams.Unnamed)
                        buffer.position() shouldBe 3
                    }
                }
            }
        }
    }

    "socat and Python send and are answered, at paths and at abstract names" {
        for (name in listOf("${dir.resolve("interop.sock")}", newName())) {
            val came = Channel<String>(Channel.UNLIMITED)
            val isAbstract = name.startsWith('@')
            val kind = if (isAbstract) "ABSTRACT" else "UNIX"
            val bare = name.removePrefix("@")
            fun own() = if (isAbstract) newName().removePrefix("@") else "${newPath()}"
            coroutineScope {
                UnixDatagram.server(name).start(this) {
                    came.trySend(it.text)
                    if (it.canReply) reply(it.bytes)
                }.use {
                    run("sh", "-c", "printf one-way | socat -u - $kind-SENDTO:$bare") shouldBe ""
                    came.receive() shouldBe "one-way"
                    // At a path, SENDTO knows us by the name that the socket was bound to, which is not where it is.
                    val both = if (isAbstract) "ABSTRACT-SENDTO:$bare,bind=${own()}" else "UNIX-CLIENT:$bare,type=2,bind=${own()}"
                    run("sh", "-c", "printf hello | socat -t5 - $both") shouldBe "hello"
                    val address = { value: String -> if (isAbstract) "'\\0$value'" else "'$value'" }
                    Peer.python(
                        bare,
                        "s=socket.socket(socket.AF_UNIX,socket.SOCK_DGRAM); s.settimeout(60); s.bind(${address(own())})\n" +
                            "for size in (0,1,1472,60000):\n s.sendto(b'x'*size,${address(bare)}); print(len(s.recv(65536)))",
                    ).use { it.finish() shouldBe ("0\n1\n1472\n60000\n" to 0) }
                }
            }
            val listening = if (isAbstract) newName() else "${newPath()}"
            Peer.run("socat", "$kind-RECVFROM:${listening.removePrefix("@")},fork", "EXEC:cat").use {
                val client = UnixDatagram.client(listening, UnixDatagram.AUTO)
                withTimeout(HANG) {
                    untilSomebodyListens { client.request("socat".encodeToByteArray(), timeout = 5.seconds).text }
                } shouldBe
                    "socat"
            }
        }
    }
})

private suspend fun <T> untilSomebodyListens(attempt: suspend () -> T): T {
    while (true) {
        try {
            return attempt()
        } catch (_: ConnectFailed) {
            yield()
        }
    }
}

private suspend fun run(vararg command: String): String = withContext(Dispatchers.IO) {
    ProcessBuilder(*command).redirectErrorStream(true).start().inputReader().readText()
}
