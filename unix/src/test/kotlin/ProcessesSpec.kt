package io.hawser.unix

import io.hawser.Endpoint
import io.hawser.Hawser
import io.hawser.UnsupportedTransport
import io.hawser.testkit.LeakCheck
import io.hawser.testkit.Program
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldNotBeEmpty
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldStartWith
import java.nio.file.Files
import java.nio.file.LinkOption.NOFOLLOW_LINKS
import java.nio.file.Path
import java.nio.file.attribute.PosixFilePermissions
import kotlin.io.path.deleteExisting
import kotlin.io.path.getPosixFilePermissions
import kotlin.io.path.readLines
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.runBlocking

/** Servers in processes of their own: as they are seen from outside, and when they are killed. */
class ProcessesSpec : StringSpec({
    extension(LeakCheck)
    beforeSpec { AfUnixLoops.group(Endpoint.Local(Unix.SCHEME, newName())) }
    timeout = 120_000

    "a server that is killed leaves its socket, and the next one replaces it" {
        val own = newFolder()
        val path = own.resolve("s")
        repeat(3) {
            Peer.java(ChildEcho, emptyList(), "unix:$path").use { child ->
                child.awaitLine("listening")
                answers(path) shouldBe true
                child.kill()
            }
            own.content shouldBe listOf("s")
        }
        serving(path) { answers(path) shouldBe true }
        own.content shouldBe emptyList()
    }

    for (scheme in listOf("unix", "unixgram")) {
        "$scheme: one that starts changes no file outside its private folder, but for the name it gets" {
            val own = newFolder()
            val path = own.resolve("s")
            if (scheme == "unix") stale(path) else staleDatagrams(path)
            val trace = Files.createTempFile("hawser", ".strace")
            val calls = "trace=bind,chmod,fchmod,fchmodat,chown,lchown,fchownat,rename,renameat,renameat2,link,linkat,unlink,unlinkat," +
                "rmdir,mkdir"
            val strace = listOf("strace", "-f", "-qq", "-o", "$trace", "-e", calls)
            Peer.java(ChildEcho, strace, "$scheme:$path").use { child ->
                child.awaitLine("listening")
                if (scheme == "unix") {
                    answers(path) shouldBe true
                } else {
                    Hawser.datagramClient("$scheme:$path").request(ByteArray(1), 60.seconds).bytes.size shouldBe 1
                }
                child.kill()
            }
            val touching = trace.readLines().filter { "$own" in it && !it.contains("ENOENT") }
            touching.shouldNotBeEmpty()
            // Past the number of the thread.
            val changes = touching.map { it.substringAfter(' ').trim() }
            val private = Regex("\"${Regex.escape("$own")}/(\\.h\\w+)").find(changes.first { it.startsWith("mkdir") })!!.groupValues[1]
            for (call in changes) {
                val names = Regex("\"([^\"]*)\"").findAll(call).map { it.groupValues[1] }.toList()
                val changed = when (call.substringBefore('(')) {
                    "rename", "renameat", "renameat2", "link", "linkat" -> names.last()
                    else -> names.first()
                }
                val isLink = call.startsWith("link")
                if (isLink) changed shouldBe "$path" else changed shouldStartWith "$own/$private"
            }
            changes.count { it.startsWith("link") } shouldBe 2
            trace.deleteExisting()
            path.deleteExisting()
        }
    }

    for (umask in listOf("0000", "0777")) {
        "under umask $umask nobody else gets in, at no moment" {
            requireRoot()
            Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxr-xr-x"))
            val own = newFolder()
            Files.setPosixFilePermissions(own, PosixFilePermissions.fromString("rwxr-xr-x"))
            val path = own.resolve("s")
            val trying = """
                print('ready')
                import select, glob
                seen=False
                while not select.select([sys.stdin],[],[],0)[0]:
                    for name in [path]+glob.glob(os.path.dirname(path)+'/.h*/*'):
                        try: s=socket.socket(socket.AF_UNIX); s.connect(name); print('connected to '+name)
                        except PermissionError:
                            if not seen: print('denied')
                            seen=True
                        except OSError: pass
                        s.close()
            """
            Peer.python(path, trying, *asAnother).use { other ->
                other.line() shouldBe "ready"
                Peer.java(ManyStarts, listOf("sh", "-c", "umask $umask; exec \"$@\"", "sh"), "$path").use { child ->
                    child.awaitLine("started")
                    PosixFilePermissions.toString(path.getPosixFilePermissions(NOFOLLOW_LINKS)) shouldBe "rw-------"
                    other.line() shouldBe "denied"
                    child.endInput()
                    child.finish().second shouldBe 0
                }
                other.say("end\n")
                other.finish() shouldBe ("" to 0)
            }
            own.content shouldBe emptyList()
        }
    }

    "without a library of junixsocket for this machine there are paths only, which says so" {
        Peer.java(WithoutLibrary, emptyList(), "${newPath()}", newName(), classPath = { "junixsocket-native" !in it }).use { child ->
            val (output, status) = child.finish()
            val platform = "${System.getProperty("os.name")} ${System.getProperty("os.version")} " +
                "(${System.getProperty("os.arch")}) with Java ${System.getProperty("java.version")}"
            val said = output.trim().lines().takeLast(4)
            said.take(2).forEach { it shouldContain Regex("unix:@hawser-.* is not supported on \\Q$platform\\E: ") }
            said.drop(2).forEach { it shouldContain Regex("unixgram:/.* is not supported on \\Q$platform\\E: ") }
            status shouldBe 0
        }
    }

    "streams meet socat and Python, as servers and as clients" {
        serving { server ->
            Program.start("sh", "-c", "echo hello | socat -t 10 - UNIX-CONNECT:${server.address}").use {
                it.finish() shouldBe
                    ("hello\n" to 0)
            }
            val program = """
                s=connect()
                for i in range(1000):
                    s.sendall(b'x'*1000); n=0
                    while n<1000: n+=len(s.recv(1000))
                s.shutdown(socket.SHUT_WR)
                print(s.recv(1))
            """
            Peer.python(server.address, program).use { it.finish() shouldBe ("b''\n" to 0) }
        }
        val path = newPath()
        Program.start("socat", "-d", "-d", "UNIX-LISTEN:$path,fork", "EXEC:cat").use { socat ->
            while ("listening on" !in checkNotNull(socat.line())) Unit
            answers(path) shouldBe true
        }
        val python = newPath()
        val once = "s=socket.socket(socket.AF_UNIX); s.bind(path); s.listen(5); print('ready')\n" +
            "c,a=s.accept(); c.sendall(c.recv(100)); c.close()"
        Peer.python(python, once).use { peer ->
            peer.line() shouldBe "ready"
            answers(python) shouldBe true
        }
    }
})

/** An echo server at the endpoint that is its argument. */
object ChildEcho {
    @JvmStatic
    fun main(arguments: Array<String>) = runBlocking {
        val endpoint = Endpoint.parse(arguments.single())
        val server =
            if (endpoint.isDatagram) {
                Hawser.datagramServer(endpoint).start(this) {
                    reply(it.bytes)
                }
            } else {
                Hawser.streamServer(endpoint).start(this, echo)
            }
        println("listening")
        server.awaitClosed()
    }
}

/** Serves a path, which is its first argument, and prints why there is neither a server nor a client of the name that is its second. */
object WithoutLibrary {
    @JvmStatic
    fun main(arguments: Array<String>) = runBlocking {
        val (path, name) = arguments
        Unix.server(path).start(this, echo).use { check(answers(Path.of(path))) }
        println(shouldThrow<UnsupportedTransport> { Unix.server(name).start(this, echo) }.message)
        println(shouldThrow<UnsupportedTransport> { Unix.client(name).connect() }.message)
        println(shouldThrow<UnsupportedTransport> { UnixDatagram.server("$path.datagrams").start(this) { } }.message)
        println(shouldThrow<UnsupportedTransport> { UnixDatagram.client(path).open() }.message)
    }
}

/** Starts and ends a server at its argument a hundred times, and then one that ends with its input. */
object ManyStarts {
    @JvmStatic
    fun main(arguments: Array<String>) = runBlocking {
        val server = Unix.server(Path.of(arguments.single()))
        repeat(100) { server.start(this, echo).shutdown() }
        server.start(this, echo).use {
            println("started")
            System.`in`.read()
        }
        Unit
    }
}
