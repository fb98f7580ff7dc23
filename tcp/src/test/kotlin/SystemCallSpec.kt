package io.hawser.tcp

import io.hawser.SocketFailure
import io.hawser.copyTo
import io.hawser.event.ConnectionEvent
import io.hawser.event.ServerEvent
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.ints.shouldBeGreaterThan
import io.kotest.matchers.shouldBe
import java.nio.file.Files
import kotlinx.coroutines.CoroutineStart.UNDISPATCHED
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.launch

/** An echo server in a JVM of its own whose system calls fail now and then. */
class SystemCallSpec : StringSpec({
    val tenEchoes = """
        for i in range(10):
            s=connect(); s.sendall(b'hello'); s.shutdown(socket.SHUT_WR)
            d=b''
            while len(d)<5:
                b=s.recv(100)
                if not b: break
                d+=b
            assert d==b'hello', d
            s.close()
        print('ok')
    """

    "a connection that was aborted before it was accepted is nobody's business" {
        under(*injecting("ECONNABORTED", into = "accept,accept4")) { port ->
            Peer.python(port, tenEchoes).use { it.finish() shouldBe ("ok\n" to 0) }
        }
    }

    "interrupted waits are waited again" {
        under(*injecting("EINTR", into = "epoll_wait,epoll_pwait")) { port ->
            Peer.python(port, tenEchoes).use { it.finish() shouldBe ("ok\n" to 0) }
        }
    }

    "random failures of reads and writes are typed, and end one connection each" {
        // Reads fail too for real, but here a failing read would hit the class loader as well.
        val control = Files.createTempDirectory("hawser").resolve("control")
        val output = under("fiu-run", "-x", "-f", "$control") { port ->
            Peer.run("fiu-ctrl", "-f", "$control", "-c", "enable_random name=posix/io/rw/write*,probability=0.05", "$pid").use {
                it.finish() shouldBe ("" to 0)
            }
            val program = """
                failed=0
                for i in range(300):
                    try:
                        s=connect(); s.settimeout(20)
                        for j in range(10):
                            s.sendall(b'x'*1000)
                            if not s.recv(1000): raise ConnectionError
                        s.close()
                    except (ConnectionError, BrokenPipeError): failed+=1
                print('failed' if failed else 'none failed')
            """
            Peer.python(port, program).use { it.finish() shouldBe ("failed\n" to 0) }
        }
        output.filter { it.startsWith("untyped") } shouldBe emptyList()
        output.count { it.startsWith("typed") } shouldBeGreaterThan 0
    }
})

/** Has every second of the system calls [into] fail with [error]. */
private fun injecting(error: String, into: String): Array<String> =
    arrayOf("strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=$into", "-e", "inject=$into:error=$error:when=1+2")

/** Runs [block] with the port of a [SystemCallEcho] that runs under [wrapper]; returns what it printed meanwhile. */
private suspend fun under(vararg wrapper: String, block: suspend Peer.(Int) -> Unit): List<String> = coroutineScope {
    Peer.java("io.hawser.tcp.SystemCallEcho", *wrapper).use { server ->
        val port = server.port()
        val output = mutableListOf<String>()
        val reading = launch(start = UNDISPATCHED) { while (true) output += server.line() ?: break }
        server.block(port)
        reading.cancel()
        server.close()
        output
    }
}

private suspend fun Peer.port(): Int {
    while (true) {
        val line = checkNotNull(line()) { "the server ended before it listened" }
        if (line.startsWith("listening ")) return line.removePrefix("listening ").toInt()
    }
}

/** Prints its port, and every failure of a connection that is not typed. */
object SystemCallEcho {
    @JvmStatic
    fun main(arguments: Array<String>) = kotlinx.coroutines.runBlocking {
        val server = Tcp.server("127.0.0.1", port = 0).start(this) { it.copyTo(it) }
        launch(start = UNDISPATCHED) {
            server.events.collect { event ->
                val cause = when (event) {
                    is ConnectionEvent.Failed -> event.cause
                    is ServerEvent.AcceptFailed -> event.cause
                    else -> return@collect
                }
                println(if (cause is SocketFailure) "typed $cause" else "untyped $cause")
            }
        }
        println("listening ${server.port}")
        server.awaitClosed()
    }
}
