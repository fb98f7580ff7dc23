package io.hawser.unix

import io.hawser.ClientOptions
import io.hawser.ConnectFailed
import io.hawser.ConnectFailed.Reason
import io.hawser.ConnectTimeout
import io.hawser.Connection
import io.hawser.Endpoint
import io.hawser.testkit.LeakCheck
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldHaveSize
import io.kotest.matchers.shouldBe
import java.nio.file.Path
import kotlin.io.path.writeText
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CoroutineStart.UNDISPATCHED
import kotlinx.coroutines.async
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeout

/** Why there is no connection. */
class ConnectFailuresSpec : StringSpec({
    extension(LeakCheck)
    timeout = 120_000
    beforeSpec { AfUnixLoops.group(Endpoint.Local(Unix.SCHEME, newName())) }

    suspend fun failure(name: String): ConnectFailed = shouldThrow<ConnectFailed> { Unix.client(name).connect() }

    suspend fun check(name: String, reason: Reason, detail: String) {
        val failure = failure(name)
        failure.message shouldBe "cannot connect to unix:$name: $detail"
        failure.reason shouldBe reason
        failure.endpoint shouldBe Endpoint.Local("unix", name)
    }

    "each reason has its name" {
        check("${newPath()}", Reason.NoSuchName, "No such file or directory")
        val ended = newPath().also(::stale)
        check("$ended", Reason.Refused, "Connection refused")
        val file = newPath().apply { writeText("") }
        check("$file", Reason.WrongKind, "it is a file, not a socket")
        check("$file/s", Reason.NoSuchName, "Not a directory")
        check("${newFolder()}", Reason.WrongKind, "it is a folder, not a socket")
        val datagrams = newPath()
        Peer.python(datagrams, "s=socket.socket(socket.AF_UNIX,socket.SOCK_DGRAM); s.bind(path); print('ready'); sys.stdin.read()").use {
            it.line() shouldBe "ready"
            check("$datagrams", Reason.WrongKind, "Protocol wrong type for socket")
        }
        check(newName(), Reason.Refused, "Connection refused")
    }

    "so has a socket that is not for us" {
        requireRoot()
        serving(file = SocketFile { permissions("---------") }) { server ->
            // Root that may do no more than others.
            Peer.java(Connecting, listOf("setpriv", "--bounding-set=-all", "--inh-caps=-all"), "${server.address}").use { peer ->
                val (output, _) = peer.finish()
                output.trim().lines().last() shouldBe "NotPermitted cannot connect to ${server.endpoint}: Permission denied"
            }
        }
    }

    val crowded = """
        s=socket.socket(socket.AF_UNIX); s.bind(path if path[0]!='@' else '\0'+path[1:]); s.listen(0); print('ready')
        sys.stdin.readline()
        for i in range(int(sys.stdin.readline())):
            c,a=s.accept(); c.sendall(b'welcome\n'); c.close()
        print('done'); sys.stdin.read()
    """

    for (named in listOf("a path", "an abstract name")) {
        fun name() = if (named == "a path") "${newPath()}" else newName()

        "a full backlog of $named is waited for" {
            val name = name()
            Peer.python(name, crowded).use { peer ->
                peer.line() shouldBe "ready"
                withTimeout(HANG) {
                    coroutineScope {
                        val client = Unix.client(name)
                        val answers = List(20) { async(start = UNDISPATCHED) { client.connect { it.readLine() } } }
                        peer.say("go\n20\n")
                        answers.forEach { it.await() shouldBe "welcome" }
                    }
                }
                peer.line() shouldBe "done"
            }
        }

        "a backlog of $named that stays full is a timeout, which says why" {
            val name = name()
            Peer.python(name, crowded).use { peer ->
                peer.line() shouldBe "ready"
                val clients = Unix.client(name, ClientOptions { connectTimeout = 5.seconds })
                val open = mutableListOf<Connection>()
                val timeout = shouldThrow<ConnectTimeout> { while (true) open += clients.connect() }
                timeout.reason shouldBe Reason.TimedOut
                timeout.suppressed.toList() shouldHaveSize 1
                timeout.suppressed.first().message shouldBe "cannot connect to unix:$name: the server has no room in its backlog"
                open.forEach(Connection::close)
            }
        }
    }
})

/** Prints why there is no connection to its argument. */
object Connecting {
    @JvmStatic
    fun main(arguments: Array<String>) = runBlocking {
        try {
            Unix.client(Path.of(arguments.single())).connect()
            println("connected")
        } catch (e: ConnectFailed) {
            println("${e.reason} ${e.message}")
        }
    }
}
