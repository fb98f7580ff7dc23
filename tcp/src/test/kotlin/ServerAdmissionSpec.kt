package io.hawser.tcp

import io.hawser.Admission
import io.hawser.Connection
import io.hawser.ReloadableAdmission
import io.hawser.ServerOptions
import io.hawser.event.Refusal
import io.hawser.event.ServerEvent
import io.hawser.event.SocketEvent
import io.hawser.testkit.LeakCheck
import io.kotest.assertions.nondeterministic.eventually
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldHaveSize
import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeInstanceOf
import java.net.InetAddress
import java.net.InetSocketAddress
import java.net.ServerSocket
import java.util.concurrent.ConcurrentLinkedQueue
import java.util.concurrent.atomic.AtomicInteger
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.launch
import kotlinx.coroutines.withTimeout
import kotlinx.coroutines.yield
import org.opentest4j.TestAbortedException

/** Whom the rules of a server let in, met by clients of other addresses. */
class ServerAdmissionSpec : StringSpec({
    extension(LeakCheck)

    val greeting: suspend CoroutineScope.(Connection) -> Unit = {
        it.writeLine("hello")
        it.awaitReadable()
    }

    /** What is connected, and who sees `hello` and who the end. */
    val greeted = """
        def greeted(all):
            served=[]
            for s in all:
                s.settimeout(60)
                b=s.recv(6)
                if b==b'hello\n': served.append(s)
                else: assert b==b'', b
            return served
        def come(source): return socket.create_connection(('127.0.0.1',port),source_address=(source,0))
    """.trimIndent()

    "a rule can be exchanged while clients come, and each is either served or refused" {
        val nobody = Admission { false }
        val rule = ReloadableAdmission(Admission.everyone)
        serving(greeting, ServerOptions { admission = rule }) { server ->
            val program = """
                n=0
                for i in range(2000):
                    s=connect(); n+=len(greeted([s])); s.close()
                print(n)
            """
            val served = Peer.python(server.port, "$greeted\n${program.trimIndent()}").use { clients ->
                val exchanging = launch(Dispatchers.Default) {
                    while (true) {
                        rule.rule = if (rule.rule === nobody) Admission.everyone else nobody
                        yield()
                    }
                }
                checkNotNull(clients.line()).toLong().also { exchanging.cancelAndJoin() }
            }
            server.totals.accepted shouldBe served
            server.totals.refused shouldBe 2000 - served
            rule.rule = Admission.deny("127.0.0.0/8")
            Peer.python(server.port, "$greeted\nprint(len(greeted([connect()])))").use { it.line() shouldBe "0" }
            rule.rule = Admission.allow("127.0.0.0/8")
            Peer.python(server.port, "$greeted\nprint(len(greeted([connect()])))").use { it.line() shouldBe "1" }
        }
    }

    "a rule that throws refuses, and the server goes on" {
        val events = ConcurrentLinkedQueue<SocketEvent>()
        val asked = AtomicInteger()
        val rule = Admission { candidate ->
            when (asked.incrementAndGet() % 3) {
                0 -> throw StackOverflowError("deep")
                1 -> error("no rule for $candidate")
                else -> true
            }
        }
        val options = ServerOptions {
            admission = rule
            onEvent { events += it }
        }
        serving(greeting, options) { server ->
            Peer.python(server.port, "$greeted\nprint(len(greeted([connect() for i in range(30)])))").use { it.line() shouldBe "10" }
            eventually(10.seconds) { events.filterIsInstance<ServerEvent.Refused>() shouldHaveSize 20 }
            events.filterIsInstance<ServerEvent.AcceptFailed>() shouldHaveSize 0
            val causes = events.filterIsInstance<ServerEvent.Refused>().map { (it.reason as Refusal.NotAdmitted).cause }
            causes.filterIsInstance<StackOverflowError>() shouldHaveSize 10
            causes.filterIsInstance<IllegalStateException>() shouldHaveSize 10
        }
    }

    "on a listener for both, an IPv4 address is an IPv4 address, and ::1 itself" {
        val hasIpv6 = runCatching { ServerSocket(0, 1, InetAddress.getByName("::1")).close() }.isSuccess
        if (!hasIpv6) throw TestAbortedException("there is no IPv6 here")
        val cases = listOf(
            Admission.allow("127.0.0.0/8") to listOf(true, false),
            Admission.allow("::ffff:127.0.0.0/104") to listOf(true, false),
            Admission.allow("::1") to listOf(false, true),
            Admission.deny("::1") to listOf(true, false),
            (Admission.allow("::/0") or Admission.allow("127.0.0.1")) to listOf(true, true),
            (Admission.allow("::/0") and Admission.allow("127.0.0.1")) to listOf(false, false),
        )
        for ((rule, expected) in cases) {
            withTimeout(HANG) {
                coroutineScope {
                    Tcp.server("*", port = 0, ServerOptions { admission = rule }).start(this, greeting).use { server ->
                        listOf("127.0.0.1", "::1").map { host ->
                            Tcp.client(host, server.port).connect { it.readLine() == "hello" }
                        } shouldBe expected
                    }
                }
            }
        }
    }

    "what a refusal names is the rule and the peer" {
        val refused = ConcurrentLinkedQueue<ServerEvent.Refused>()
        val options = ServerOptions {
            admission = Admission.deny("127.0.0.2")
            onEvent { if (it is ServerEvent.Refused) refused += it }
        }
        serving(greeting, options) { server ->
            val program = "s=come('127.0.0.2'); print(s.getsockname()[1],len(greeted([s])))"
            val (port, served) = Peer.python(server.port, "$greeted\n$program").use { checkNotNull(it.line()).split(' ') }
            served shouldBe "0"
            eventually(10.seconds) { refused shouldHaveSize 1 }
            val refusal = refused.single()
            refusal.address shouldBe server.address
            refusal.remote shouldBe InetSocketAddress("127.0.0.2", port.toInt())
            refusal.reason.shouldBeInstanceOf<Refusal.NotAdmitted>().toString() shouldBe "not admitted by the rule: deny 127.0.0.2/32"
        }
    }
})
