package io.hawser.samples.programs

import io.hawser.samples.Child
import io.hawser.samples.refusing
import io.hawser.testkit.LeakCheck
import io.hawser.testkit.TestCertificates
import io.kotest.core.spec.style.StringSpec
import io.kotest.engine.spec.tempdir
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldMatch
import io.kotest.matchers.string.shouldStartWith
import java.net.InetAddress
import java.net.ServerSocket
import java.nio.file.Files
import java.util.concurrent.atomic.AtomicInteger

internal const val PROGRAMS = "io.hawser.samples.programs"
private const val ANY_PORT = "tcp://127.0.0.1:0"

/** The programs that show how to write one do what they say. */
class ProgramsSpec : StringSpec({
    extension(LeakCheck)
    timeout = 180_000

    val folder = tempdir().toPath()
    val sockets = AtomicInteger()

    fun unixgram() = "unixgram:${folder.resolve("${sockets.incrementAndGet()}.sock")}"

    fun program(name: String, vararg arguments: String) = Child.program("$PROGRAMS.$name", *arguments)

    fun printed(name: String, vararg arguments: String): List<String> = program(name, *arguments).use { program ->
        val end = program.end()
        end.errors shouldBe ""
        end.status shouldBe 0
        end.lines
    }

    "the echo answers clients in Kotlin and in Java" {
        program("EchoKt", ANY_PORT).use { server ->
            val endpoint = server.line().removePrefix("echoes on ")
            printed("ClientKt", endpoint) shouldBe listOf("hello")
            printed("Ask", endpoint) shouldBe listOf("hello from Java")
        }
    }

    "server, proxy and client in Java understand each other" {
        program("Serve", ANY_PORT).use { server ->
            program("Proxy", ANY_PORT, server.line().removePrefix("greets on ")).use { proxy ->
                val answer = printed("Ask", proxy.line().removePrefix("stands in on ")).single()
                val id = server.line().substringBefore(" opened")
                answer shouldBe "good day, guest $id"
                server.line() shouldStartWith "$id closed: "
            }
        }
    }

    "the clients say what is wrong" {
        refusing { port ->
            val failure = "cannot connect to tcp://127.0.0.1:$port: Connection refused"
            printed("ClientKt", "127.0.0.1:$port") shouldBe listOf("Refused: $failure")
            printed("Ask", "127.0.0.1:$port") shouldBe listOf(failure)
        }
        ServerSocket(0, 1, InetAddress.getLoopbackAddress()).use { silent ->
            printed("ClientKt", "127.0.0.1:${silent.localPort}") shouldBe
                listOf("tcp://127.0.0.1:${silent.localPort} sent nothing for 10000 ms")
        }
    }

    for (name in listOf("GracefulShutdownKt", "GracefulShutdown")) {
        "at SIGTERM who is connected finishes first: $name" {
            program(name, ANY_PORT).use { server ->
                val port = server.line().substringAfterLast(':').toInt()
                Guest(port).use { guest ->
                    guest.say("abc")
                    guest.line() shouldBe "cba"
                    server.signal("TERM")
                    guest.end() shouldBe null
                }
                server.end().lines shouldBe listOf("1 finished, 0 were cut")
            }
        }
    }

    for ((transport, newEndpoint) in listOf<Pair<String, () -> String>>("UDP" to { "udp://127.0.0.1:0" }, "Unix" to ::unixgram)) {
        "$transport: counters arrive, what is none is refused, and nobody waits" {
            for (name in listOf("StatsdKt", "Counters")) {
                printed(name, newEndpoint()) shouldBe listOf("requests 10, bytes 512; no counter: nonsense")
            }
        }

        "$transport: a worker does what datagrams tell it" {
            for (name in listOf("WorkerControlKt", "Control")) {
                printed(name, newEndpoint()) shouldBe
                    listOf("status: working", "pause: paused", "status: paused", "resume: working")
            }
        }

        "$transport: the collector keeps what matters, and tells what it had to drop" {
            for (name in listOf("LogShippingKt", "LogLines")) {
                printed(name, newEndpoint()) shouldBe
                    listOf("ERROR: disk full", "ERROR: still full", "a line was cut after 1024 bytes and is not kept")
            }
        }

        "$transport: the agent goes on while nobody listens" {
            printed("MonitoringAgentKt", newEndpoint()) shouldBe List(3) { "threads is known" } + "heard again"
            printed("Agent", newEndpoint()) shouldBe listOf("it lives", "nobody listens", "heard again")
        }
    }

    "an event reaches all who listen, and one who has gone keeps it from nobody" {
        for (name in listOf("NotificationsKt", "Notifications")) {
            val gone = unixgram()
            printed(name, unixgram(), unixgram(), gone) shouldBe
                List(2) { "listener $it: order 17 shipped" } + "nobody receives at $gone"
        }
    }

    for (name in listOf("SdNotifyKt", "SdNotify")) {
        "whoever started it is told that it is ready: $name" {
            val told = "import os, socket, subprocess, sys\ns = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)\ns.settimeout(60)\n" +
                "s.bind('\\0' + sys.argv[1])\nos.environ['NOTIFY_SOCKET'] = '@' + sys.argv[1]\n" +
                "status = subprocess.run(sys.argv[2:]).returncode\nprint(s.recv(100).decode(), status)"
            val socket = "hawser-notify-${ProcessHandle.current().pid()}"
            Child.tool("python3", "-c", told, socket, *Child.programCommand("$PROGRAMS.$name"))
                .use { it.end() shouldBe Child.End(0, listOf("READY=1 0"), "") }
        }
    }

    "an echo over TLS knows its friends, and turns others away" {
        val certificates = TestCertificates.create("localhost").writeTo(folder.resolve("certificates"))
        for ((name, greeting) in listOf("SecureEchoKt" to "CN=client says hello", "Secure" to "good day, CN=client")) {
            val (known, noCertificate, untrusted) = printed(name, "$certificates")
            known shouldBe greeting
            noCertificate shouldMatch "TLS with tcp://127.0.0.1:[0-9]+ broke: the peer sent the alert .*"
            untrusted shouldMatch "the TLS handshake with tcp://127.0.0.1:[0-9]+ failed: .*"
        }
    }

    "a subscriber stays connected while its server is started anew" {
        val told = listOf("first edition", "last edition", "subscribed no more")
        printed("ReconnectingSessionKt", ANY_PORT) shouldBe told
        printed("ReconnectingSession", ANY_PORT) shouldBe told
    }

    "a job is watched by whoever comes, in Kotlin and in Java" {
        val known = folder.resolve("known").also { Files.writeString(it, "abc") }
        val checksum = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        for ((i, works) in listOf("JobProgressKt", "JobProgress").withIndex()) {
            val endpoint = "unix:${folder.resolve("job$i.sock")}"
            program(works, "work", endpoint, "$known", "/dev/stdin", "/nothing").use { job ->
                job.line() shouldBe "works on $endpoint"
                job.line() shouldBe "$checksum  $known"
                val watchers = listOf("JobProgressKt", "JobProgress").map { program(it, "watch", endpoint) }
                // What was on the line before the first bar.
                watchers.forEach { it.line() shouldBe "" }
                job.say("abc")
                job.end().lines shouldBe listOf("$checksum  /dev/stdin", "failed: java.nio.file.NoSuchFileException: /nothing")
                for (watcher in watchers) {
                    watcher.use {
                        val end = watcher.end()
                        end.status shouldBe 0
                        end.lines.takeLast(3).map { it.trim() } shouldBe listOf(
                            "[######              ] 1/3 /dev/stdin at work",
                            "[#############       ] 2/3 /nothing at work",
                            "[#############       ] 2/3 /nothing failed: java.nio.file.NoSuchFileException:",
                        )
                    }
                }
            }
        }
    }

    "pictures are made small by whoever has time, in Kotlin and in Java" {
        for (program in listOf("ThumbnailsKt", "Thumbnails")) {
            val pictures = Files.createDirectory(folder.resolve(program))
            val told = printed(program, ANY_PORT, "$pictures")
            told.first() shouldBe "healthy: true"
            told.last() shouldBe "healthy: false"
            told.drop(1).dropLast(1).sorted() shouldBe (
                List(12) { "$it.ppm: ${15 + (400 + it) * 300 * 3} bytes, ${13 + (400 + it + 7) / 8 * 38 * 3} bytes" } +
                    "notes.txt: no picture"
                ).sorted()
            val small = Files.readAllBytes(pictures.resolve("small-3.ppm"))
            small.take(13) shouldBe "P6\n51 38\n255\n".toByteArray().toList()
            // The last pixel of the thumbnail is that of column 400 and row 296.
            small.takeLast(3) shouldBe listOf(400.toByte(), 296.toByte(), (400 xor 296).toByte())
        }
    }

    "a codec needs no connection" {
        printed("Frames") shouldBe listOf("11 bytes", "\"one\"", "\"\"", "\"three\"")
    }
})
