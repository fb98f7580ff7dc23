package io.hawser.unix

import io.hawser.BindFailed
import io.hawser.Endpoint
import io.hawser.RunningServer
import io.hawser.testkit.LeakCheck
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldBeIn
import io.kotest.matchers.collections.shouldHaveSize
import io.kotest.matchers.shouldBe
import java.nio.file.Files
import java.nio.file.LinkOption.NOFOLLOW_LINKS
import java.nio.file.Path
import java.nio.file.attribute.PosixFilePermissions
import kotlin.io.path.createDirectory
import kotlin.io.path.createSymbolicLinkPointingTo
import kotlin.io.path.deleteExisting
import kotlin.io.path.getPosixFilePermissions
import kotlin.io.path.readText
import kotlin.io.path.writeText
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitAll
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.launch
import kotlinx.coroutines.withContext
import kotlinx.coroutines.withTimeout
import kotlinx.coroutines.yield

/** How the sockets of servers get their names in the file system, and lose them. */
class SocketFilesSpec : StringSpec({
    extension(LeakCheck)
    beforeSpec { AfUnixLoops.group(Endpoint.Local(Unix.SCHEME, newName())) }

    suspend fun refusal(path: Path, file: SocketFile = SocketFile()): BindFailed =
        shouldThrow<BindFailed> { serving(path, file = file) { error("it was started") } }

    "a server's socket is there with its permissions, and goes with it; nothing else is" {
        val folder = newFolder()
        val path = folder.resolve("api.sock")
        serving(path) {
            path.getPosixFilePermissions(NOFOLLOW_LINKS) shouldBe PosixFilePermissions.fromString("rw-------")
            folder.content shouldBe listOf("api.sock")
            answers(path) shouldBe true
        }
        folder.content shouldBe emptyList()
    }

    "permissions and group are what was asked for" {
        val path = newPath()
        for (permissions in listOf("rw-rw----", "rwxrwxrwx", "r--------", "---------")) {
            serving(path, file = SocketFile { permissions(permissions) }) {
                PosixFilePermissions.toString(path.getPosixFilePermissions(NOFOLLOW_LINKS)) shouldBe permissions
            }
        }
        val own = "${stat(folder, "gid")}"
        serving(path, file = SocketFile { group = own }) { "${stat(path, "gid")}" shouldBe own }
        refusal(path, SocketFile { group = "no such group" }).message shouldBe
            "cannot listen on unix:$path: there is no group \"no such group\""
        shouldThrow<IllegalArgumentException> { SocketFile { permissions("0600") } }.message shouldBe
            "permissions are not written as rw-rw---- is: \"0600\""
        shouldThrow<IllegalArgumentException> { SocketFile { group = " " } }.message shouldBe "group is blank: \" \""
    }

    "another group can be given by its number" {
        requireRoot()
        val path = newPath()
        serving(path, file = SocketFile { group = "$ANOTHER" }) { stat(path, "gid") shouldBe ANOTHER }
    }

    "the socket of a server that has ended is replaced" {
        val path = newPath()
        stale(path)
        serving(path) {
            answers(path) shouldBe true
            path.parent.content.filter { it.startsWith(".h") } shouldBe emptyList()
        }
        Files.exists(path, NOFOLLOW_LINKS) shouldBe false
    }

    "a server that lives keeps its name" {
        serving { server ->
            val path = Path.of("${server.address}")
            val failure = refusal(path)
            failure.message shouldBe "cannot listen on unix:$path: another server listens there"
            failure.reason shouldBe BindFailed.Reason.AddressInUse
            answers(path) shouldBe true
        }
    }

    "so do servers of other kinds, and those without room" {
        for (bound in listOf("SOCK_DGRAM", "SOCK_SEQPACKET", "SOCK_STREAM")) {
            val path = newPath()
            val program = """
                s=socket.socket(socket.AF_UNIX, socket.$bound)
                s.bind(path)
                if '$bound' != 'SOCK_DGRAM': s.listen(0)
                if '$bound' == 'SOCK_STREAM':
                    c=[]
                    try:
                        while True:
                            n=socket.socket(socket.AF_UNIX); n.setblocking(False); n.connect(path); c.append(n)
                    except BlockingIOError: pass
                print('ready'); sys.stdin.read()
            """
            Peer.python(path, program).use { peer ->
                peer.line() shouldBe "ready"
                refusal(path).reason shouldBe BindFailed.Reason.AddressInUse
                Files.exists(path) shouldBe true
            }
            path.deleteExisting()
        }
    }

    "what is no socket is never touched" {
        val folder = newFolder()
        val file = folder.resolve("file").apply { writeText("precious") }
        val directory = folder.resolve("folder").createDirectory()
        val dangling = folder.resolve("dangling").createSymbolicLinkPointingTo(folder.resolve("nowhere"))
        serving(newPath()) { server ->
            val link = folder.resolve("link").createSymbolicLinkPointingTo(Path.of("${server.address}"))
            val taken = mapOf(file to "a file", directory to "a folder", dangling to "a symbolic link", link to "a symbolic link")
            for ((path, kind) in taken) {
                val failure = refusal(path)
                failure.message shouldBe "cannot listen on unix:$path: $kind has the name"
                failure.reason shouldBe BindFailed.Reason.NameTaken
            }
        }
        refusal(folder.resolve("..")).message shouldBe "cannot listen on unix:$folder/..: a folder has the name"
        file.readText() shouldBe "precious"
        folder.content shouldBe listOf("dangling", "file", "folder", "link")
    }

    "a folder in which everybody may rename is refused, unless it is sticky" {
        val folder = newFolder()
        val path = folder.resolve("s")
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxrwxrwx"))
        refusal(path).message shouldBe "cannot listen on unix:$path: everybody may write to the folder $folder, " +
            "which has no sticky bit, and so put another socket there"
        Files.setAttribute(folder, "unix:mode", 0x3FF)
        serving(path) { answers(path) shouldBe true }
        folder.content shouldBe emptyList()
    }

    "a folder that is not there, or is none, is named" {
        val nowhere = folder.resolve("nowhere")
        refusal(nowhere.resolve("s")).message shouldBe "cannot listen on unix:$nowhere/s: there is no $nowhere"
        val file = newPath().apply { writeText("") }
        refusal(file.resolve("s")).message shouldBe "cannot listen on unix:$file/s: $file is a file, not a folder"
    }

    "a rival's socket is not removed in place of ours" {
        val path = newPath()
        serving(path) {
            path.deleteExisting()
            Peer.python(path, "s=socket.socket(socket.AF_UNIX); s.bind(path); s.listen(1); print('ready'); sys.stdin.read()").use { rival ->
                rival.line() shouldBe "ready"
                val inode = stat(path, "ino")
                it.shutdown()
                stat(path, "ino") shouldBe inode
            }
        }
        path.deleteExisting()
    }

    "a server whose socket somebody has removed goes on, and ends without a complaint" {
        val path = newPath()
        serving(path) { server ->
            Unix.client(path).connect { connection ->
                path.deleteExisting()
                connection.writeLine("still")
                connection.readLine() shouldBe "still"
            }
            server.shutdown()
        }
        Files.exists(path) shouldBe false
    }

    "of two that start at once on the name of one that has ended, one gets it, and works" {
        repeat(50) {
            val path = newPath()
            stale(path)
            withTimeout(HANG) {
                coroutineScope {
                    val started = List(4) {
                        async(Dispatchers.Default) { runCatching { Unix.server(path).start(this@coroutineScope, echo) } }
                    }.awaitAll()
                    val failures = started.mapNotNull { it.exceptionOrNull() }
                    failures.map { (it as BindFailed).reason }.toSet() shouldBe setOf(BindFailed.Reason.AddressInUse)
                    val servers = started.mapNotNull { it.getOrNull() }
                    servers shouldHaveSize 1
                    answers(path) shouldBe true
                    servers.forEach(RunningServer::close)
                }
            }
            Files.exists(path) shouldBe false
        }
        folder.content.filter { it.startsWith(".h") } shouldBe emptyList()
    }

    "a server starts on the name of one that is still closing, a thousand times" {
        val path = newPath()
        withTimeout(HANG) {
            coroutineScope {
                var server = Unix.server(path).start(this, echo)
                repeat(1_000) {
                    server.close()
                    server = Unix.server(path).start(this, echo)
                }
                answers(path) shouldBe true
                server.close()
            }
        }
        Files.exists(path) shouldBe false
    }

    "the same with abstract names" {
        val name = newName()
        withTimeout(HANG) {
            coroutineScope {
                var server = Unix.server(name).start(this, echo)
                repeat(300) {
                    server.close()
                    server = Unix.server(name).start(this, echo)
                }
                val other = shouldThrow<BindFailed> { Unix.server(name).start(this, echo) }
                other.message shouldBe "cannot listen on unix:$name: Address already in use"
                other.reason shouldBe BindFailed.Reason.AddressInUse
                server.close()
            }
        }
    }

    "starts that are cancelled at any moment leave nothing" {
        val own = newFolder()
        val path = own.resolve("s")
        withTimeout(HANG) {
            coroutineScope {
                repeat(300) { moment ->
                    val starting = launch(Dispatchers.Default) { Unix.server(path).serve(handler = echo) }
                    withContext(Dispatchers.Default) { repeat(moment * 10) { yield() } }
                    starting.cancelAndJoin()
                }
                Unix.server(path).start(this, echo).close()
            }
        }
        own.content shouldBe emptyList()
    }

    "somebody who swaps what has the name all the time loses nothing, and gets at nothing" {
        val own = newFolder()
        val path = own.resolve("s")
        val precious = own.resolve("precious").apply { writeText("precious") }
        val program = """
            import itertools
            d=os.path.dirname(path); p=d+'/precious'; t=d+'/t'
            print('ready')
            for i in itertools.count():
                try:
                    if i%4==0: os.symlink(p,t)
                    elif i%4==1: open(t,'w').close()
                    elif i%4==2:
                        s=socket.socket(socket.AF_UNIX); s.bind(t); s.close()
                    else: os.link(p,t)
                    os.rename(t,path)
                except OSError: pass
        """
        Peer.python(path, program).use { rival ->
            rival.line() shouldBe "ready"
            repeat(300) {
                try {
                    serving(path) { }
                } catch (e: BindFailed) {
                    e.reason shouldBeIn listOf(BindFailed.Reason.AddressInUse, BindFailed.Reason.NameTaken)
                }
            }
        }
        precious.readText() shouldBe "precious"
        PosixFilePermissions.toString(precious.getPosixFilePermissions()) shouldBe "rw-r--r--"
        // What could not be given back stays in the private folder it was moved to.
        val left = own.content.filterNot { it.startsWith(".h") && own.resolve(it).content == listOf("r") }
        left - setOf("s", "t") shouldBe listOf("precious")
    }

    "ten thousand connections come and go, and leave nothing" {
        serving { server ->
            val client = Unix.client(Path.of("${server.address}"))
            repeat(10_000) { client.connect().close() }
            answers(Path.of("${server.address}")) shouldBe true
        }
    }
})
