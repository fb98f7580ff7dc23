package io.hawser.tcp

import io.hawser.Admission
import io.hawser.Connection
import io.hawser.RunningServer
import io.hawser.ServerOptions
import io.hawser.WhenFull
import io.hawser.event.ConnectionEvent
import io.hawser.event.Refusal
import io.hawser.event.ServerEvent
import io.hawser.testkit.LeakCheck
import io.kotest.assertions.nondeterministic.eventually
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldHaveSize
import io.kotest.matchers.comparables.shouldBeGreaterThanOrEqualTo
import io.kotest.matchers.comparables.shouldBeLessThanOrEqualTo
import io.kotest.matchers.shouldBe
import java.net.InetAddress
import java.util.concurrent.ConcurrentLinkedQueue
import java.util.concurrent.atomic.AtomicInteger
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.nanoseconds
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.CoroutineStart.UNDISPATCHED
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitAll
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.channels.Channel.Factory.UNLIMITED
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.launch

/** Whom a server lets in, and how many of them, met by clients of another process. */
class ServerLimitsSpec : StringSpec({
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

    suspend fun RunningServer.atMost(limit: Int, block: suspend CoroutineScope.() -> Unit) = coroutineScope {
        val watcher = launch(Dispatchers.Default, UNDISPATCHED) { connectionCount.collect { it shouldBeLessThanOrEqualTo limit } }
        block()
        watcher.cancelAndJoin()
    }

    "over the limit a client sees the end at once, is counted and reported, until a slot frees" {
        val refused = ConcurrentLinkedQueue<ServerEvent.Refused>()
        val opened = AtomicInteger()
        val options = ServerOptions {
            maxConnections = 500
            onEvent {
                if (it is ServerEvent.Refused) refused += it
                if (it is ConnectionEvent.Opened) opened.incrementAndGet()
            }
        }
        serving(greeting, options) { server ->
            // In lots: a listener that gets no processor for a while loses what is over 1024 events behind.
            val program = """
                all=[]
                for lot in range(10):
                    all+=[connect() for i in range(100)]
                    print(len(all))
                    sys.stdin.readline()
                served=greeted(all)
                print(len(served))
                sys.stdin.readline()
                served.pop().close()
                tries=1; last=greeted([connect()])
                while not last: tries+=1; last=greeted([connect()])
                print(tries)
                sys.stdin.readline()
            """
            server.atMost(500) {
                Peer.python(server.port, "$greeted\n${program.trimIndent()}").use { clients ->
                    repeat(10) {
                        val connected = checkNotNull(clients.line()).toInt()
                        eventually(10.seconds) { opened.get() + refused.size shouldBe connected }
                        clients.say("\n")
                    }
                    clients.line() shouldBe "500"
                    // Who is greeted has been accepted, but may be counted a moment later.
                    server.connectionCount.first { it == 500 }
                    server.connections shouldHaveSize 500
                    server.totals.accepted shouldBe 500
                    server.totals.refused shouldBe 500
                    server.totals.droppedEvents shouldBe 0
                    refused shouldHaveSize 500
                    refused.map { it.reason }.toSet() shouldBe setOf(Refusal.TooManyConnections(500))
                    refused.map { it.remote }.toSet() shouldHaveSize 500
                    clients.say("\n")
                    val tries = checkNotNull(clients.line()).toLong()
                    server.connectionCount.first { it == 500 }
                    server.totals.accepted shouldBe 501
                    server.totals.refused shouldBe 499 + tries
                }
            }
            server.connectionCount.first { it == 0 }
        }
    }

    "a server that pauses when it is full serves everybody in turn" {
        val options = ServerOptions {
            maxConnections = 500
            whenFull = WhenFull.Pause
        }
        serving(greeting, options) { server ->
            val program = """
                all=[connect() for i in range(1000)]
                print('connected')
                sys.stdin.readline()
                for s in all:
                    assert len(greeted([s]))==1
                    s.close()
                print('served')
            """
            server.atMost(500) {
                Peer.python(server.port, "$greeted\n${program.trimIndent()}").use { clients ->
                    clients.line() shouldBe "connected"
                    server.connectionCount.first { it == 500 }
                    server.totals.accepted shouldBe 500
                    clients.say("\n")
                    clients.line() shouldBe "served"
                }
            }
            server.connectionCount.first { it == 0 }
            server.totals.accepted shouldBe 1000
            server.totals.refused shouldBe 0
        }
    }

    "a full server that pauses can be stopped in every way, and lets nobody in" {
        val options = ServerOptions {
            maxConnections = 1
            whenFull = WhenFull.Pause
        }
        for (stop in listOf(RunningServer::close, RunningServer::stopAccepting)) {
            serving(greeting, options) { server ->
                Peer.python(server.port, "a=connect(); print(a.recv(9)); b=connect(); print('waits'); sys.stdin.readline()").use {
                    it.line() shouldBe "b'hello\\n'"
                    it.line() shouldBe "waits"
                    stop(server)
                }
                server.awaitClosed()
                server.totals.accepted shouldBe 1
            }
        }
    }

    "each address has a limit of its own" {
        val refused = ConcurrentLinkedQueue<Refusal>()
        val options = ServerOptions {
            maxConnectionsPerHost = 3
            onEvent { if (it is ServerEvent.Refused) refused += it.reason }
        }
        serving(greeting, options) { server ->
            val program = """
                one=greeted([come('127.0.0.1') for i in range(5)]); two=greeted([come('127.0.0.2') for i in range(4)])
                print(len(one),len(two))
                sys.stdin.readline()
                one.pop().close()
                while not greeted([come('127.0.0.1')]): pass
                print(len(greeted([come('127.0.0.2')])))
                sys.stdin.readline()
            """
            Peer.python(server.port, "$greeted\n${program.trimIndent()}").use { clients ->
                clients.line() shouldBe "3 3"
                server.connectionCount.first { it == 6 }
                clients.say("\n")
                clients.line() shouldBe "0"
                // Nobody keeps the connection that this one was given.
                eventually(10.seconds) {
                    refused.groupingBy { "$it" }.eachCount()["the limit of 3 connections from 127.0.0.2 is reached"] shouldBe 2
                }
            }
            server.connectionCount.first { it == 0 }
            // What has gone leaves nothing behind: everybody can come again.
            Peer.python(server.port, "$greeted\nprint(len(greeted([come('127.0.0.2') for i in range(3)])))").use { it.line() shouldBe "3" }
        }
    }

    "a limit for each address that comes later knows who is there already" {
        serving(greeting) { server ->
            val client = Tcp.client("127.0.0.1", server.port)
            val there = List(2) { client.connect().apply { readLine() shouldBe "hello" } }
            server.reload(ServerOptions { maxConnectionsPerHost = 2 }) shouldBe emptyList()
            client.connect().use { it.readLine() == "hello" } shouldBe false
            there[0].close()
            server.connectionCount.first { it == 1 }
            client.connect().use { it.readLine() == "hello" } shouldBe true
            server.reload(ServerOptions())
            List(3) { client.connect().apply { readLine() shouldBe "hello" } }.forEach { it.close() }
            there[1].close()
            server.connectionCount.first { it == 0 }
            server.totals.refused shouldBe 1
        }
    }

    "an address that comes faster than it may is refused, and may come again" {
        val refused = Channel<Refusal>(UNLIMITED)
        val options = ServerOptions {
            acceptRatePerHost = 1
            onEvent { if (it is ServerEvent.Refused) refused.trySend(it.reason) }
        }
        serving(greeting, options) { server ->
            val client = Tcp.client("127.0.0.1", server.port)
            suspend fun isServed() = client.connect().use { it.readLine() == "hello" }
            isServed() shouldBe true
            // It is refused unless it comes more than a second after the last one, each time.
            (1..1_000).any { !isServed() } shouldBe true
            val reason = refused.receive()
            reason shouldBe Refusal.TooFast(InetAddress.getByName("127.0.0.1"), 1)
            "$reason" shouldBe "127.0.0.1 connects more than 1 times a second"
            server.totals.refusedFor[Refusal.TooFast::class.java] shouldBe server.totals.refused
            eventually(60.seconds) { isServed() shouldBe true }
        }
    }

    "who comes faster than the rate waits, and is served" {
        val times = ConcurrentLinkedQueue<Long>()
        val options = ServerOptions {
            acceptRate = 100
            admission = Admission { times.add(System.nanoTime()) }
        }
        serving({ it.writeLine("hello") }, options) { server ->
            val program = "print(len(greeted([connect() for i in range(350)])))"
            Peer.python(server.port, "$greeted\n$program").use { it.finish() shouldBe ("350\n" to 0) }
            server.totals.refused shouldBe 0
        }
        val first = times.min()
        times.sorted().forEachIndexed { i, time ->
            // A hundred are there to begin with, and each of the others has to be waited for.
            (time - first).nanoseconds shouldBeGreaterThanOrEqualTo (10.milliseconds * (i - 99) - 300.milliseconds)
        }
    }

    "in the rush of many clients of one process the limit is exact" {
        serving(greeting, ServerOptions { maxConnections = 20 }) { server ->
            server.atMost(20) {
                repeat(10) {
                    val clients = List(60) {
                        async(Dispatchers.Default) { Tcp.client("127.0.0.1", server.port).connect() }
                    }.awaitAll()
                    val served = clients.count { it.readLine() == "hello" }
                    served shouldBe 20
                    clients.forEach { it.close() }
                    server.connectionCount.first { it == 0 }
                }
            }
            server.totals.accepted shouldBe 200
            server.totals.refused shouldBe 400
        }
    }
})
