package io.hawser.unix

import io.hawser.ClientOptions
import io.hawser.DatagramClientOptions
import io.hawser.DatagramServerOptions
import io.hawser.Endpoint
import io.hawser.ServerOptions
import io.hawser.SocketOptions
import io.hawser.WhenQueueFull
import io.hawser.event.DatagramEvent
import io.hawser.testkit.LeakCheck
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.engine.spec.tempdir
import io.kotest.matchers.shouldBe
import java.io.File
import java.io.FileDescriptor
import java.io.FileInputStream
import java.io.FileOutputStream
import java.nio.ByteBuffer
import java.nio.file.Path
import kotlin.io.path.createFile
import kotlin.io.path.readText
import kotlin.io.path.writeText
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeout
import kotlinx.coroutines.yield

private val accepting = SocketOptions { acceptFiles() }
private val acceptingServer = DatagramServerOptions { socket = accepting }

class OpenFileSpec : StringSpec({
    extension(LeakCheck)
    beforeSpec { AfUnixLoops.group(Endpoint.Local(Unix.SCHEME, newName())) }
    val dir = tempdir().toPath()

    "a datagram brings open files, and so does its answer" {
        val secret = dir.resolve("secret").apply { writeText("the secret") }
        val log = dir.resolve("log").createFile()
        coroutineScope {
            UnixDatagram.server(newPath(), acceptingServer).start(this) { datagram ->
                FileOutputStream(datagram.files.single().take()).use { it.write(datagram.bytes) }
                FileInputStream(secret.toFile()).use { reply("here".encodeToByteArray(), listOf(it.fd)) }
            }.use { server ->
                val client = UnixDatagram.client(
                    Path.of(server.address.toString()),
                    UnixDatagram.AUTO,
                    DatagramClientOptions { socket = accepting },
                )
                client.open { socket ->
                    FileOutputStream(log.toFile()).use { socket.send("written there".encodeToByteArray(), listOf(it.fd)) }
                    val answer = withTimeout(HANG) { socket.receive() }
                    answer.text shouldBe "here"
                    FileInputStream(answer.files.single().take()).use { it.readAllBytes().decodeToString() } shouldBe "the secret"
                    shouldThrow<IllegalStateException> { answer.files.single().take() }
                    answer.files.single().close()
                }
            }
        }
        log.readText() shouldBe "written there"
    }

    "files that nobody takes, or that are dropped, or came uncalled for, or are many, are closed" {
        val file = dir.resolve("many").createFile()
        val began = CompletableDeferred<Unit>()
        val gate = CompletableDeferred<Unit>()
        val counts = Channel<Int>(Channel.UNLIMITED)
        val options = DatagramServerOptions {
            socket = accepting
            queueCount = 1
            whenQueueFull = WhenQueueFull.DropOldest
        }
        for (accepts in listOf(options, DatagramServerOptions())) {
            coroutineScope {
                UnixDatagram.server(newName(), accepts).start(this) {
                    began.complete(Unit)
                    gate.await()
                    counts.trySend(it.files.size)
                }.use { server ->
                    UnixDatagram.client(server.address.toString()).open { socket ->
                        FileInputStream(file.toFile()).use { input ->
                            for (count in listOf(1, 2, 200, 253)) {
                                withTimeout(HANG) { socket.send(ByteArray(1), List(count) { input.fd }) }
                                began.await()
                                while (server.totals.received == 0L) yield()
                            }
                            shouldThrow<IllegalArgumentException> { socket.send(ByteArray(1), List(254) { input.fd }) }.message shouldBe
                                "254 files are more than the 253 that can be handed over at once"
                        }
                        shouldThrow<IllegalArgumentException> { socket.send(ByteArray(1), listOf(FileDescriptor())) }.message shouldBe
                            "a file to be handed over is closed"
                        while (server.totals.received < 4) yield()
                        gate.complete(Unit)
                        while (server.totals.run { handled + dropped } < 4) yield()
                    }
                }
            }
        }
        val seen = generateSequence { counts.tryReceive().getOrNull() }.toList()
        seen.take(2) shouldBe listOf(1, 253)
        seen.drop(2).toSet() shouldBe setOf(0)
    }

    "a connection over an abstract name brings files with the bytes that they were written with" {
        val file = dir.resolve("streamed").apply { writeText("streamed") }
        coroutineScope {
            Unix.server(newName(), ServerOptions { socket = accepting }).start(this) { connection ->
                connection.readLine() shouldBe "first"
                connection.readLine() shouldBe "second"
                val text = connection.receivedFiles().single().let { FileInputStream(it.take()).use { input -> input.readAllBytes() } }
                connection.write(ByteBuffer.wrap(text + "\n".encodeToByteArray()))
                connection.readLine()
            }.use { server ->
                Unix.client(server.address.toString(), ClientOptions { socket = accepting }).connect().use { connection ->
                    connection.writeLine("first")
                    FileInputStream(file.toFile()).use { connection.write(ByteBuffer.wrap("second\n".encodeToByteArray()), listOf(it.fd)) }
                    withTimeout(HANG) { connection.readLine() } shouldBe "streamed"
                    connection.receivedFiles() shouldBe emptyList()
                    shouldThrow<IllegalArgumentException> { connection.write(ByteBuffer.allocate(0), emptyList()) }
                    // Nobody asks for these.
                    FileInputStream(file.toFile()).use {
                        connection.write(ByteBuffer.wrap("third\n".encodeToByteArray()), List(253) { _ -> it.fd })
                    }
                }
            }
        }
    }

    "writes of several coroutines take their own files with them" {
        val files = List(3) { dir.resolve("own$it").apply { writeText("$it") } }
        coroutineScope {
            Unix.server(newName(), ServerOptions { socket = accepting }).start(this) { connection ->
                connection.readExactly(1 shl 20)
                repeat(2) {
                    val line = connection.readLine()
                    connection.receivedFiles().forEach { file ->
                        FileInputStream(file.take()).use { input -> connection.writeLine("$line ${input.readAllBytes().decodeToString()}") }
                    }
                }
                connection.readLine()
            }.use { server ->
                Unix.client(server.address.toString()).connect().use { connection ->
                    val large = launch { connection.write(ByteBuffer.allocate(1 shl 20)) }
                    val small = files.drop(1).mapIndexed { i, file ->
                        launch {
                            FileInputStream(file.toFile()).use {
                                connection.write(ByteBuffer.wrap("${i + 1}\n".encodeToByteArray()), listOf(it.fd))
                            }
                        }
                    }
                    val answers = withTimeout(HANG) { List(2) { connection.readLine() } }
                    (small + large).forEach { it.join() }
                    // Both lines may come in one read, and so their files with the first.
                    answers.map { it?.substringAfter(' ') } shouldBe listOf("1", "2")
                }
            }
        }
    }

    "at the limit of descriptors none stays open" {
        Peer.java(FullOfFiles, listOf("sh", "-c", "ulimit -n $LIMIT; exec \"$@\"", "sh")).use {
            it.finish().first.trim().lines().last() shouldBe "as before"
        }
    }

    "what is no file to be read is handed over too" {
        val path = newPath()
        val count = Channel<Int>(Channel.UNLIMITED)
        coroutineScope {
            UnixDatagram.server(path, acceptingServer).start(this) { count.trySend(it.files.size) }.use {
                val program = "f=os.open('/',os.O_PATH)\ns=socket.socket(socket.AF_UNIX,socket.SOCK_DGRAM)\ns.connect(path)\n" +
                    "socket.send_fds(s,[b'x'],[0]*20+[f])"
                Peer.python(path, program).use { it.finish() shouldBe ("" to 0) }
                count.receive() shouldBe 21
            }
        }
    }

    "connections over a path, and other sockets, hand over no files" {
        coroutineScope {
            Unix.server(newPath()).start(this) { }.use { server ->
                Unix.client(server.address.toString()).connect().use { connection ->
                    shouldThrow<IllegalArgumentException> { connection.write(ByteBuffer.allocate(1), emptyList()) }.message shouldBe
                        "$connection is no connection over an abstract name and hands over no files"
                }
            }
        }
    }

    "Python hands over a file and gets one" {
        val file = dir.resolve("python").apply { writeText("from Python\n") }
        val path = newPath()
        coroutineScope {
            UnixDatagram.server(path, acceptingServer).start(this) { datagram ->
                FileInputStream(datagram.files.single().take()).use { input ->
                    val text = input.readAllBytes()
                    FileInputStream(file.toFile()).use { reply(text, listOf(it.fd)) }
                }
            }.use {
                Peer.python(
                    0,
                    "s=socket.socket(socket.AF_UNIX,socket.SOCK_DGRAM)\ns.bind('${newPath()}')\ns.connect('$path')\nf=open('$file')\n" +
                        "socket.send_fds(s,[b'x'],[f.fileno()])\nm,fds,_,_=socket.recv_fds(s,100,1)\n" +
                        "print(m.decode().strip())\nprint(os.read(fds[0],100).decode().strip())",
                ).use { peer -> peer.finish() shouldBe ("from Python\nfrom Python\n" to 0) }
            }
        }
    }
})

private const val LIMIT = 200

/** Prints whether as many descriptors are open as before, when it has been sent more files than there is room for. */
object FullOfFiles {
    @JvmStatic
    fun main(arguments: Array<String>): Unit = runBlocking {
        val failures = Channel<Unit>(Channel.UNLIMITED)
        UnixDatagram.server(newName(), acceptingServer).start(this) { }.use { server ->
            val failing = launch { server.events.collect { if (it is DatagramEvent.Failed) failures.trySend(Unit) } }
            UnixDatagram.client(server.address.toString()).open { socket ->
                FileInputStream("/proc/self/status").use { input ->
                    var before = 0
                    repeat(4) {
                        // The first round opens what the JVM loads from.
                        if (it == 1) before = descriptors()
                        socket.send(ByteArray(1), List(250) { input.fd })
                        failures.receive()
                        // These fit in, and so do they together with one more.
                        socket.send(ByteArray(1), List((LIMIT - descriptors()) * 3 / 4) { input.fd })
                        while (server.totals.handled < it + 1) yield()
                    }
                    println(if (descriptors() <= before) "as before" else "${descriptors()} and not $before")
                }
            }
            failing.cancel()
        }
    }

    private fun descriptors() = File("/proc/self/fd").list().orEmpty().size
}
