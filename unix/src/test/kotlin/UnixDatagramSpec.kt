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
import io.hawser.event.DropReason
import io.hawser.event.ServerState
import io.hawser.outbox
import io.hawser.testkit.LeakCheck
import io.hawser.testkit.Program
import io.hawser.testkit.contract.ContractDatagrams
import io.hawser.testkit.contract.DatagramContract
import io.hawser.testkit.contract.DatagramServerContract
import io.hawser.transport.RawDatagrams
import io.hawser.transport.TransportApi
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.engine.spec.tempdir
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
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
import kotlin.time.toJavaDuration
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.CoroutineStart.UNDISPATCHED
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.cancelAndJoin
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

    "open sockets send to whom they are told, receive from everybody, and answer each other" {
        val path = dir.resolve("open.sock")
        UnixDatagram.open(ClientName.of(path)).use { here ->
            UnixDatagram.open().use { there ->
                repeat(2) { there.send("question $it".encodeToByteArray(), here.local) }
                val room = ByteBuffer.allocateDirect(65_537)
                room.position(1)
                here.receive(room).run { Triple(length, isCut, sender) } shouldBe Triple(10, false, there.local)
                room.position() shouldBe 11
                String(ByteArray(10).also { room.get(1, it) }) shouldBe "question 0"
                here.reply(here.receive(), "answer".encodeToByteArray())
                withTimeout(HANG) { there.receive().run { text to sender } } shouldBe ("answer" to here.local)
                shouldThrow<IllegalStateException> { here.send(ByteArray(1)) }
            }
            here.close()
            here.awaitClosed()
        }
        path.exists() shouldBe false
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
                "while True: print(s.recv(100).decode())",
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
                var line = peer.line()
                while (line?.startsWith("x") == false) line = peer.line()
                listOf(line) + List(99) { peer.line() } shouldBe List(100) { "x$it" }
                sending.join()
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
        val receivers = """
            import os,signal
            def receive():
                s=socket.socket(socket.AF_UNIX,socket.SOCK_DGRAM)
                os.path.exists('$path') and os.unlink('$path')
                s.bind('$path')
                print('bound')
                print(s.recv(100).decode())
                while True: signal.pause()
            while sys.stdin.readline():
                receiver=os.fork()
                if receiver==0: receive()
                sys.stdin.readline()
                os.kill(receiver,signal.SIGKILL)
                os.waitpid(receiver,0)
                print('killed')
        """
        var socket: DatagramSocket? = null
        var lost = 0
        Peer.python(0, receivers).use { peer ->
            repeat(100) { round ->
                peer.say("start\n")
                peer.line() shouldBe "bound"
                val sending = socket ?: UnixDatagram.client(path).open().also { socket = it }
                sending.send("$round".encodeToByteArray())
                peer.line() shouldBe "$round"
                peer.say("kill\n")
                peer.line() shouldBe "killed"
                try {
                    sending.send("nobody".encodeToByteArray())
                } catch (_: PeerUnreachable) {
                    lost++
                }
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

    "another user may send only where the permissions let it" {
        requireRoot()
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxr-xr-x"))
        val open = newFolder().also { Files.setPosixFilePermissions(it, PosixFilePermissions.fromString("rwxr-xr-x")) }
        val path = open.resolve("log.sock")
        val say = "s=socket.socket(socket.AF_UNIX,socket.SOCK_DGRAM)\ntry: s.sendto(b'hello',path); print('sent')\n" +
            "except OSError as e: print(e.strerror)"
        for ((permissions, outcome) in listOf("rw-------" to "Permission denied", "rw-rw-rw-" to "sent")) {
            coroutineScope {
                val file = SocketFile { permissions(permissions) }
                val server = UnixDatagram.server(path, DatagramServerOptions(), file).start(this) { }
                Peer.python(path, say, *asAnother).use { it.finish() shouldBe ("$outcome\n" to 0) }
                server.shutdown(Duration.ZERO)
            }
        }
    }

    "a client's name is not put where others could take its place" {
        val unsafe = newFolder().also { Files.setPosixFilePermissions(it, PosixFilePermissions.fromString("rwxrwxrwx")) }
        coroutineScope {
            UnixDatagram.server(newName()).start(this) { }.use { server ->
                shouldThrow<BindFailed> { UnixDatagram.client("${server.address}", ClientName.of(unsafe.resolve("c"))).open() }
                    .message.orEmpty() shouldContain "everybody may write to the folder $unsafe"
            }
        }
        unsafe.content shouldBe emptyList()
    }

    "a peer that turns to another one is told of once, costs nothing while nobody receives, and one that is back is found" {
        val path = dir.resolve("unfaithful.sock")
        val own = dir.resolve("unfaithful-client.sock")
        val receiver = "s=socket.socket(socket.AF_UNIX,socket.SOCK_DGRAM)\nos.path.exists(path) and os.unlink(path)\n" +
            "s.bind(path)\nprint('bound')\n"
        UnixDatagram.server(newName()).let { other ->
            coroutineScope {
                other.start(this) { }.use { elsewhere ->
                    val turning = "sys.stdin.readline(); s.connect('$own'); print('connected')\n" +
                        "sys.stdin.readline(); s.connect('\\0${elsewhere.address.toString().substring(
                            1,
                        )}'); print('turned')\nsys.stdin.readline()"
                    Peer.python(path, receiver + turning).use { peer ->
                        peer.line() shouldBe "bound"
                        UnixDatagram.client(path, ClientName.of(own)).open { socket ->
                            val pending = async(start = UNDISPATCHED) { runCatching { socket.receive() }.exceptionOrNull() }
                            peer.say("connect\n")
                            peer.line() shouldBe "connected"
                            socket.send("unread".encodeToByteArray())
                            peer.say("turn\n")
                            peer.line() shouldBe "turned"
                            withTimeout(HANG) { pending.await() }.shouldBeInstanceOf<PeerUnreachable>()
                            LeakCheck.ensureRest()
                            peer.kill()
                            Peer.python(path, "${receiver}m,a=s.recvfrom(100)\ns.sendto(m,a)").use { next ->
                                next.line() shouldBe "bound"
                                socket.send("faithful".encodeToByteArray())
                                withTimeout(HANG) { socket.receive().text } shouldBe "faithful"
                            }
                        }
                    }
                }
            }
        }
    }

    "a sender whose name Java cannot write is served, and cannot be answered" {
        val path = dir.resolve("names.sock")
        val seen = Channel<Boolean>(Channel.UNLIMITED)
        coroutineScope {
            UnixDatagram.server(path).start(this) { seen.trySend(it.canReply) }.use { server ->
                Peer.python(
                    path,
                    "for name in (b'$dir/\\xff\\xfe', b'\\0' + b'\\xff' * 100):\n" +
                        " s=socket.socket(socket.AF_UNIX,socket.SOCK_DGRAM); s.bind(name); s.sendto(b'x',path)",
                ).use { it.finish() shouldBe ("" to 0) }
                List(2) { seen.receive() } shouldBe listOf(false, true)
                server.state.value shouldBe ServerState.Listening(server.address)
            }
        }
    }

    "who does not read the replies keeps others waiting for so long as the server lets it" {
        val path = dir.resolve("mute.sock")
        val options = DatagramServerOptions { replyTimeout = 10.milliseconds }
        val drops = Channel<DropReason>(Channel.UNLIMITED)
        coroutineScope {
            UnixDatagram.server(path, options).start(this) { reply(it.bytes) }.use { server ->
                val dropped =
                    launch(start = UNDISPATCHED) { server.events.collect { if (it is DatagramEvent.Dropped) drops.trySend(it.reason) } }
                val mute =
                    "s=socket.socket(socket.AF_UNIX,socket.SOCK_DGRAM); s.bind('${newPath()}')\nfor i in range(50): s.sendto(b'x',path)\n" +
                        "print('sent'); sys.stdin.readline()"
                // In a network of its own its queue is as long as the kernel has it, and not as some systems set it.
                val own = if (Path.of("/proc/sys/net/unix/max_dgram_qlen").readText().trim().toInt() <
                    20
                ) {
                    emptyArray()
                } else {
                    arrayOf("unshare", "-n")
                }
                Peer.python(path, mute, *own).use { peer ->
                    peer.line() shouldBe "sent"
                    Hawser.datagramClient(server.endpoint).request("served".encodeToByteArray(), 60.seconds).text shouldBe "served"
                    withTimeout(HANG) { drops.receive() } shouldBe DropReason.NoRoom(10.milliseconds.toJavaDuration())
                }
                dropped.cancel()
            }
        }
    }

    "one who shuts its receiving down is gone, and the outbox goes on" {
        val path = dir.resolve("shut.sock")
        Peer.python(
            path,
            "s=socket.socket(socket.AF_UNIX,socket.SOCK_DGRAM); s.bind(path); s.shutdown(socket.SHUT_RD); print('shut'); sys.stdin.readline()",
        ).use { peer ->
            peer.line() shouldBe "shut"
            UnixDatagram.client(path).open { socket ->
                shouldThrow<PeerUnreachable> { socket.send(ByteArray(1)) }
                shouldThrow<PeerUnreachable> { socket.send(ByteArray(0)) }
                coroutineScope {
                    val outbox = socket.outbox(this, capacity = 10)
                    outbox.offer(ByteArray(1)) shouldBe true
                    while (outbox.size > 0) yield()
                    outbox.offer(ByteArray(1)) shouldBe true
                    outbox.close()
                    outbox.awaitSent()
                    outbox.dropped shouldBe 2
                }
            }
        }
    }

    for (umask in listOf("0000", "0077")) {
        "who is no superuser, with the umask $umask, has a client of a name of its own answered" {
            requireRoot()
            Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxr-xr-x"))
            val open = newFolder().also { Files.setAttribute(it, "unix:mode", 0x3FF) }
            coroutineScope {
                val file = SocketFile { permissions("rw-rw-rw-") }
                UnixDatagram.server(open.resolve("server"), DatagramServerOptions(), file).start(this) { reply(it.bytes) }.use {
                    // A user who owns the files of the tests, and may do no more with files than any user.
                    val none = "-dac_override,-dac_read_search"
                    val user = listOf("setpriv", "--bounding-set", none, "--inh-caps", none, "sh", "-c", "umask $umask; exec \"$@\"", "sh")
                    Peer.java(NamedClient, user, "${open.resolve("server")}", "${open.resolve("client")}").use { child ->
                        child.finish().first.trim().lines().last() shouldBe "answered"
                    }
                }
            }
        }
    }

    "a client's name can be had again at once, whoever is cancelled leaves nothing, and a rival's file stays" {
        val path = newPath()
        val own = newFolder().resolve("client.sock")
        val random = Random(1)
        coroutineScope {
            UnixDatagram.server(path).start(this) { reply(it.bytes) }.use {
                val client = UnixDatagram.client(path, ClientName.of(own))
                repeat(100) { client.request("$it".encodeToByteArray(), 60.seconds).text shouldBe "$it" }
                repeat(200) {
                    val opening = launch(Dispatchers.Default) { client.open { awaitCancellation() } }
                    val patience = random.nextInt(2_000)
                    repeat(patience) { Thread.onSpinWait() }
                    opening.cancelAndJoin()
                }
                client.request("done".encodeToByteArray(), 60.seconds).text shouldBe "done"
                withTimeout(HANG) { while (own.parent.content.isNotEmpty()) yield() }
                val rival =
                    "import os\nfor i in range(1000):\n try:\n  f=os.open(path,os.O_CREAT|os.O_EXCL|os.O_WRONLY); n=os.fstat(f).st_ino\n" +
                        "  assert os.stat(path).st_ino==n, 'lost'; os.unlink(path)\n except FileExistsError: pass\nprint('never lost')"
                Peer.python(own, rival).use { peer ->
                    val opening = launch(Dispatchers.Default) {
                        while (true) {
                            try {
                                client.open { }
                            } catch (_: BindFailed) {
                                // The rival has it.
                            }
                        }
                    }
                    peer.finish() shouldBe ("never lost\n" to 0)
                    opening.cancelAndJoin()
                }
            }
        }
    }

    "names of clients and servers are as long as they may be, and no longer" {
        val longest = dir.resolve("x".repeat(107 - "$dir/".length))
        val own = newFolder().let { it.resolve("y".repeat(107 - "$it/".length)) }
        coroutineScope {
            UnixDatagram.server(longest).start(this) { reply(it.bytes) }.use {
                UnixDatagram.client(longest, ClientName.of(own)).request("long".encodeToByteArray(), 60.seconds).text shouldBe "long"
            }
        }
        shouldThrow<IllegalArgumentException> { UnixDatagram.server(Path.of("$longest!")) }.message.orEmpty() shouldContain "108 bytes"
        shouldThrow<IllegalArgumentException> {
            UnixDatagram.client(longest, ClientName.of(Path.of("$own!")))
        }.message.orEmpty() shouldContain
            "108 bytes"
        shouldThrow<IllegalArgumentException> { UnixDatagram.server("@a\u0000b") }.message.orEmpty() shouldContain "NUL"
        shouldThrow<IllegalArgumentException> { UnixDatagram.server("") }
    }

    "ten thousand sockets come and go" {
        coroutineScope {
            UnixDatagram.server(newPath()).start(this) { reply(it.bytes) }.use { server ->
                val client = Hawser.datagramClient(server.endpoint)
                repeat(10_000) { client.open().use { socket -> if (it % 100 == 0) socket.send(ByteArray(1)) } }
                client.request("still".encodeToByteArray(), 60.seconds).text shouldBe "still"
            }
        }
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
                    for (isDirect in listOf(true, false)) {
                        Recvfrom(received, isDirect = isDirect).use { receiver ->
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
                    Program.start("socat", "-", both).use {
                        for (line in listOf("hello", "again")) {
                            it.say("$line\n")
                            it.line() shouldBe line
                        }
                    }
                    val address = { value: String -> if (isAbstract) "'\\0$value'" else "'$value'" }
                    Peer.python(
                        bare,
                        "s=socket.socket(socket.AF_UNIX,socket.SOCK_DGRAM); s.settimeout(60); s.bind(${address(own())})\n" +
                            "for size in (0,1,1472,60000):\n s.sendto(b'x'*size,${address(bare)}); print(len(s.recv(65536)))",
                    ).use { it.finish() shouldBe ("0\n1\n1472\n60000\n" to 0) }
                }
            }
            val listening = if (isAbstract) newName() else "${newPath()}"
            Program.start("socat", "$kind-RECVFROM:${listening.removePrefix("@")},fork", "EXEC:cat").use {
                val client = UnixDatagram.client(listening, UnixDatagram.AUTO)
                withTimeout(HANG) {
                    untilSomebodyListens { client.request("socat".encodeToByteArray(), timeout = 60.seconds).text }
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

/** Asks the server at its first argument, from a socket at its second. */
object NamedClient {
    @JvmStatic
    fun main(arguments: Array<String>): Unit = runBlocking {
        val (server, own) = arguments.map(Path::of)
        // So that one who is not we can answer.
        val name = ClientName.of(own, SocketFile { permissions("rw-rw-rw-") })
        println(UnixDatagram.client(server, name).request("answered".encodeToByteArray(), 60.seconds).text)
    }
}
