package io.hawser.unix

import io.hawser.Endpoint
import io.hawser.testkit.LeakCheck
import io.hawser.testkit.Program
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.comparables.shouldBeLessThan
import io.kotest.matchers.shouldBe
import java.lang.management.ManagementFactory
import kotlin.time.Duration
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.nanoseconds
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.delay
import kotlinx.coroutines.withContext

/** The group of the loop of abstract names. */
private suspend fun afUnixLoops() = AfUnixLoops.group(Endpoint.Local(Unix.SCHEME, newName()))

/** The processor time that this thread has used. */
private val Thread.processorTime: Duration get() = ManagementFactory.getThreadMXBean().getThreadCpuTime(id).nanoseconds

/** Peers that do what they may, and nobody expects. */
class HostilePeersSpec : StringSpec({
    extension(LeakCheck)
    timeout = 120_000
    beforeSpec { afUnixLoops() }

    val sending = """
        s=connect() if path[0]!='@' else socket.socket(socket.AF_UNIX)
        if path[0]=='@': s.connect('\0'+path[1:])
        for i in range(200):
            f=os.open('/dev/null',os.O_RDONLY)
            socket.send_fds(s,[b'x'],[f]*10); os.close(f)
            assert s.recv(1)==b'x'
        print('ok'); sys.stdin.read()
    """

    for (named in listOf("a path", "an abstract name")) {
        "descriptors that somebody sends over $named are nobody's" {
            fun descriptors() = java.io.File("/proc/self/fd").list().orEmpty().size
            val name = if (named == "a path") "${newPath()}" else newName()
            coroutineScope {
                Unix.server(name).start(this, echo).use {
                    val before = descriptors()
                    Peer.python(name, sending).use { peer ->
                        peer.line() shouldBe "ok"
                        descriptors() shouldBeLessThan before + 100
                    }
                }
            }
        }
    }

    "a peer that goes while nobody looks costs the loop of abstract names nothing" {
        val name = newName()
        coroutineScope {
            Unix.server(name).start(this) { connection ->
                connection.readLine() shouldBe "hello"
                // Waits for the peer's end without looking at the connection.
                connection.awaitClosed()
            }.use {
                val program = "s=socket.socket(socket.AF_UNIX); s.connect('\\0'+path[1:]); s.sendall(b'hello\\n'); print('sent')"
                Peer.python(name, program).use { it.finish() shouldBe ("sent\n" to 0) }
                // Not a wait for anything: a poll that finds the peer gone again and again would use all of it.
                val loop = withContext(afUnixLoops().next()) { Thread.currentThread() }
                val before = loop.processorTime
                delay(1.seconds)
                loop.processorTime - before shouldBeLessThan 100.milliseconds
            }
        }
    }

    "what a peer sent before it went is read later, over abstract names too" {
        for (name in listOf("${newPath()}", newName())) {
            val program =
                "s=socket.socket(socket.AF_UNIX); s.bind(path if path[0]!='@' else '\\0'+path[1:])\ns.listen(1); print('ready')\n" +
                    "c,a=s.accept(); c.sendall(b'one\\n'); print(c.recv(10)); c.sendall(b'two\\nthree\\n'); c.close(); print('gone')"
            Peer.python(name, program).use { peer ->
                peer.line() shouldBe "ready"
                Unix.client(name).connect { connection ->
                    connection.readLine() shouldBe "one"
                    connection.writeLine("go")
                    peer.awaitLine("gone")
                    connection.readLine() shouldBe "two"
                    connection.readLine() shouldBe "three"
                    connection.readLine() shouldBe null
                }
            }
        }
    }

    "abstract names meet socat, as servers and as clients" {
        val name = newName()
        coroutineScope {
            Unix.server(name).start(this, echo).use {
                Program.start("sh", "-c", "echo hello | socat -t 10 - ABSTRACT-CONNECT:${name.drop(1)}").use {
                    it.finish() shouldBe ("hello\n" to 0)
                }
            }
        }
        val other = newName()
        Program.start("socat", "-d", "-d", "ABSTRACT-LISTEN:${other.drop(1)},fork", "EXEC:cat").use { socat ->
            while ("listening on" !in checkNotNull(socat.line())) Unit
            Unix.client(other).connect { connection ->
                connection.writeLine("there?")
                connection.readLine() shouldBe "there?"
            }
        }
    }
})
