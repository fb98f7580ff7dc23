package io.hawser.tcp

import io.hawser.ServerOptions
import io.hawser.SocketFailure
import io.hawser.copyTo
import io.hawser.engine.EventLoopGroup
import io.hawser.engine.EventLoopOptions
import io.hawser.event.ConnectionEvent
import io.hawser.event.ServerEvent
import io.hawser.testkit.LeakCheck
import io.hawser.testkit.Program
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.ints.shouldBeGreaterThan
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import java.nio.file.Files
import kotlin.io.path.deleteExisting
import kotlin.io.path.readText
import kotlinx.coroutines.CoroutineStart.UNDISPATCHED
import kotlinx.coroutines.async
import kotlinx.coroutines.flow.asFlow
import kotlinx.coroutines.flow.filterNotNull
import kotlinx.coroutines.flow.map
import kotlinx.coroutines.flow.takeWhile
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.launch
import kotlinx.coroutines.withTimeout

/** An echo server in a JVM of its own whose system calls fail now and then. */
class SystemCallSpec : StringSpec({
    extension(LeakCheck)

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
        injecting("ECONNABORTED", into = "accept,accept4") { port ->
            Peer.python(port, tenEchoes).use { it.finish() shouldBe ("ok\n" to 0) }
        }
    }

    "interrupted waits are waited again" {
        injecting("EINTR", into = "epoll_wait,epoll_pwait") { port ->
            Peer.python(port, tenEchoes).use { it.finish() shouldBe ("ok\n" to 0) }
        }
    }

    "random failures of reads and writes are typed, and end one connection each" {
        // Reads fail too for real, but here a failing read would hit the class loader as well.
        val control = Files.createTempDirectory("hawser").resolve("control")
        val output = under("fiu-run", "-x", "-f", "$control") { port ->
            Program.start("fiu-ctrl", "-f", "$control", "-c", "enable_random name=posix/io/rw/write*,probability=0.05", "$pid").use {
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

/** Runs [block] while every second of the system calls [into] fails with [error]; nobody above may notice. */
private suspend fun injecting(error: String, into: String, block: suspend Program.(Int) -> Unit) {
    val trace = Files.createTempFile("hawser", ".strace")
    val output =
        under("strace", "-f", "-qq", "-o", "$trace", "-e", "trace=$into", "-e", "inject=$into:error=$error:when=1+2", block = block)
    trace.readText() shouldContain "(INJECTED)"
    output shouldBe emptyList()
    trace.deleteExisting()
}

/** Runs [block] with the port of a [SystemCallEcho] that runs under [wrapper]; returns what it printed meanwhile. */
private suspend fun under(vararg wrapper: String, block: suspend Program.(Int) -> Unit): List<String> = withTimeout(HANG) {
    child("io.hawser.tcp.SystemCallEcho", wrapper.toList()).use { server ->
        val port = server.port()
        val output = async { generateSequence { }.asFlow().map { server.line() }.takeWhile { it != null }.filterNotNull().toList() }
        server.block(port)
        server.kill()
        output.await()
    }
}

private suspend fun Program.port(): Int {
    while (true) {
        val line = checkNotNull(line()) { "the server ended before it listened" }
        if (line.startsWith("listening ")) return line.removePrefix("listening ").toInt()
    }
}

/** Prints its port, and every failure of a connection that is not typed. */
object SystemCallEcho {
    @JvmStatic
    fun main(arguments: Array<String>) = kotlinx.coroutines.runBlocking {
        // One loop, which nobody has to wake: a wake-up is a write as well, and no kernel fails that one.
        val group = EventLoopGroup(EventLoopOptions { loops = 1 })
        val server = Tcp.server("127.0.0.1", port = 0, ServerOptions { this.group = group }).start(this) { it.copyTo(it) }
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
