package io.hawser.tcp

import io.hawser.testkit.LeakCheck
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldHaveAtLeastSize
import io.kotest.matchers.doubles.shouldBeLessThan
import io.kotest.matchers.ints.shouldBeGreaterThanOrEqual
import io.kotest.matchers.ints.shouldBeInRange
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import java.io.File
import java.nio.file.Files
import kotlin.io.path.deleteExisting
import kotlin.io.path.readLines
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.delay

/** A server that cannot accept, for lack of descriptors or for any other reason of the system's. */
class AcceptFaultsSpec : StringSpec({
    extension(LeakCheck)

    "at the descriptor limit it tells, tries again in ever longer pauses, serves those it has, and recovers" {
        val limited = arrayOf("bash", "-c", "ulimit -n 90; exec \"$@\"", "bash")
        val output = withChild(ChildEcho, *limited) { server, port ->
            val program = """
                def echo(s): s.sendall(b'x'); return s.recv(1)==b'x'
                first=connect(); assert echo(first)
                rest=[connect() for i in range(120)]
                print('connected')
                sys.stdin.readline()
                for i in range(300): assert echo(first)
                print('lived')
                for s in rest: s.close()
                again=connect(); again.settimeout(60)
                t=time.monotonic(); assert echo(again); print(time.monotonic()-t)
                assert echo(first)
            """
            Peer.python(port, program).use { clients ->
                clients.line() shouldBe "connected"
                processorTime(server.pid) { delay(3.seconds) } shouldBeLessThan 0.6
                clients.say("\n")
                clients.line() shouldBe "lived"
                checkNotNull(clients.line()).toDouble() shouldBeLessThan 20.0
                clients.finish() shouldBe ("" to 0)
            }
        }
        output.toSet() shouldBe setOf("accept failed java.io.IOException: Too many open files")
        // 5 ms and doubled up to a second: about ten in these three seconds.
        output.size shouldBeInRange 3..40
    }

    listOf("ENFILE", "ENOBUFS", "ENOMEM", "EPERM", "EPROTO").forEach { error ->
        "when accept fails with $error now and then, everybody is served" {
            val program = """
                for i in range(10):
                    s=connect(); s.settimeout(60); s.sendall(b'hello')
                    assert s.recv(5)==b'hello'
                    s.close()
                print('ok')
            """
            val failures = injecting("accept,accept4:error=$error:when=3+2") { port ->
                Peer.python(port, program).use { it.finish() shouldBe ("ok\n" to 0) }
            }.first
            failures shouldHaveAtLeastSize 3
            failures.toSet().single() shouldContain "accept failed java.io.IOException"
        }
    }

    listOf("EMFILE", "EPERM").forEach { error ->
        "while accept keeps failing with $error it pauses twice as long each time" {
            val (failures, times) = injecting("accept,accept4:error=$error:when=1..8") { port ->
                Peer.python(port, "s=connect(); s.settimeout(60); s.sendall(b'x'); assert s.recv(1)==b'x'; print('ok')").use {
                    it.finish() shouldBe ("ok\n" to 0)
                }
            }
            failures.size shouldBe 8
            times.size shouldBe 8
            times.zipWithNext { a, b -> ((b - a) * 1000).toInt() }.forEachIndexed { i, pause ->
                pause shouldBeGreaterThanOrEqual (5 shl i) * 8 / 10
            }
        }
    }

    "two thousand clients that come at once to a server of one are served or give up, and nobody hangs" {
        withChild(PausingChildEcho) { server, port ->
            val program = """
                import selectors
                held=connect(); held.sendall(b'x'); assert held.recv(1)==b'x'
                sel=selectors.DefaultSelector(); left=2000
                for i in range(2000):
                    s=socket.socket(); s.setblocking(False)
                    s.connect_ex(('127.0.0.1',port))
                    sel.register(s,selectors.EVENT_WRITE)
                print('connecting')
                sys.stdin.readline()
                held.close()
                served=0; failed=0; limit=time.monotonic()+40
                while served+failed<2000 and time.monotonic()<limit:
                    for key,mask in sel.select(1):
                        s=key.fileobj
                        try:
                            if mask & selectors.EVENT_WRITE:
                                s.send(b'x'); sel.modify(s,selectors.EVENT_READ)
                            else:
                                if s.recv(1)==b'x': served+=1
                                else: failed+=1
                                sel.unregister(s); s.close()
                        except OSError:
                            failed+=1; sel.unregister(s); s.close()
                for key in list(sel.get_map().values()):
                    # By a reset: what one sends again after such a time it sends rarely, and the server waits for it with its only place.
                    # Not all at once: of over a thousand packets the loopback device drops some, and a reset is not sent again.
                    sel.unregister(key.fileobj); reset(key.fileobj); time.sleep(0.001)
                print(served)
                # What the kernel has dropped of one that came while its queue was full, it sends again after long: another one comes.
                limit=time.monotonic()+60
                while True:
                    assert time.monotonic()<limit
                    try: last=socket.create_connection(('127.0.0.1',port),timeout=2)
                    except OSError: continue
                    try:
                        last.sendall(b'x')
                        if last.recv(1)==b'x': break
                    except OSError: pass
                    reset(last)
                print('ok')
            """
            Peer.python(port, program).use { clients ->
                clients.line() shouldBe "connecting"
                processorTime(server.pid) { delay(1.seconds) } shouldBeLessThan 0.5
                clients.say("\n")
                // The backlog of 511 at least; the kernel keeps the others trying for as long as it likes.
                checkNotNull(clients.line()).toInt() shouldBeInRange 500..2000
                clients.line() shouldBe "ok"
            }
        } shouldBe emptyList()
    }
})

/** Runs [block] with the port of a server whose system calls fail as [fault] says; returns what it printed, and when they failed. */
private suspend fun injecting(fault: String, block: suspend (Int) -> Unit): Pair<List<String>, List<Double>> {
    val trace = Files.createTempFile("hawser", ".strace")
    val strace = arrayOf("strace", "-f", "-qq", "-ttt", "-o", "$trace", "-e", "trace=${fault.substringBefore(':')}", "-e", "inject=$fault")
    val output = withChild(ChildEcho, *strace) { _, port -> block(port) }
    val times = trace.readLines().filter { "(INJECTED)" in it }.map { it.trim().split(Regex(" +"))[1].toDouble() }
    trace.deleteExisting()
    return output to times
}

/** How many seconds of a processor [pid] uses during [block]. */
private suspend fun processorTime(pid: Long, block: suspend () -> Unit): Double {
    fun now() = File("/proc/$pid/stat").readText().substringAfterLast(") ").split(' ').let { it[11].toDouble() + it[12].toDouble() } / 100
    val before = now()
    block()
    return now() - before
}
