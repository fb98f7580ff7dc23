package io.hawser.testkit.contract

import io.hawser.Admission
import io.hawser.BindFailed
import io.hawser.DatagramClientOptions
import io.hawser.DatagramServerOptions
import io.hawser.Hawser
import io.hawser.RunningDatagramServer
import io.hawser.ShutdownReport
import io.hawser.WhenQueueFull
import io.hawser.event.DatagramEvent
import io.hawser.event.DropReason
import io.hawser.event.ServerEvent
import io.hawser.event.ServerState
import io.hawser.event.SocketEvent
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeInstanceOf
import kotlin.time.Duration
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.CoroutineExceptionHandler
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.CoroutineStart.UNDISPATCHED
import kotlinx.coroutines.Job
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.cancel
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.currentCoroutineContext
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.launch
import kotlinx.coroutines.yield

/** What every server of datagrams keeps. */
public abstract class DatagramServerContract(transport: ContractDatagrams) : StringSpec({
    val contract = DatagramTests(this, transport)

    contract.run("a reply goes to the sender of that very datagram, whoever else has sent since") {
        val gates = List(3) { CompletableDeferred<Unit>() }
        val began = Channel<Int>(Channel.UNLIMITED)
        val options = DatagramServerOptions { concurrency = 3 }
        transport.serving({
            val number = it.text.toInt()
            began.trySend(number)
            gates[number].await()
            reply("to ${it.text}".encodeToByteArray()) shouldBe true
        }, options) { server, client ->
            val sockets = List(3) { client.open() }
            sockets.forEachIndexed { i, socket -> socket.send("$i".encodeToByteArray()) }
            List(3) { began.receive() }.toSet() shouldBe setOf(0, 1, 2)
            for (i in listOf(1, 2, 0)) {
                gates[i].complete(Unit)
                sockets[i].receive().run { text to sender } shouldBe ("to $i" to server.address)
            }
            sockets.forEach { it.close() }
        }
    }

    contract.run("a failing handler is an event, and the next datagram is served") {
        transport.serving({ if (it.text == "bad") error("no such thing") else reply(it.bytes) }) { server, client ->
            val failed = async(start = UNDISPATCHED) { server.events.first { it is DatagramEvent.Failed } as DatagramEvent.Failed }
            client.open { socket ->
                socket.send("bad".encodeToByteArray())
                failed.await().run { cause.message to peer } shouldBe ("no such thing" to socket.local)
                socket.exchange("good") shouldBe "good"
                socket.tryReceive() shouldBe null
            }
            while (server.totals.handled < 2) yield()
            server.totals.let { listOf(it.received, it.handled, it.failed) } shouldBe listOf(2L, 2L, 1L)
        }
    }

    for ((whenFull, kept) in listOf(WhenQueueFull.DropNewest to listOf("1", "2", "3"), WhenQueueFull.DropOldest to listOf("1", "4", "5"))) {
        contract.run("a full queue drops by $whenFull, counts it and says so") {
            val began = CompletableDeferred<Unit>()
            val gate = CompletableDeferred<Unit>()
            val handled = Channel<String>(Channel.UNLIMITED)
            val drops = Channel<SocketEvent>(Channel.UNLIMITED)
            val options = DatagramServerOptions {
                queueCount = 2
                whenQueueFull = whenFull
                onEvent { if (it is DatagramEvent.Dropped) drops.trySend(it) }
            }
            transport.serving({
                began.complete(Unit)
                gate.await()
                handled.trySend(it.text)
            }, options) { server, client ->
                client.open { socket ->
                    socket.send("1".encodeToByteArray())
                    began.await()
                    for (i in 2..5) socket.send("$i".encodeToByteArray())
                    while (server.totals.received < 5) yield()
                    gate.complete(Unit)
                    List(3) { handled.receive() } shouldBe kept
                    server.totals.dropped shouldBe 2L
                    repeat(2) {
                        (drops.receive() as DatagramEvent.Dropped).run { Triple(peer, bytes, reason) } shouldBe
                            Triple(socket.local, 1, DropReason.QueueFull(2, options.queueBytes))
                    }
                }
            }
        }
    }

    contract.run("the bytes that wait are bounded too, and one datagram always has a place") {
        val began = CompletableDeferred<Unit>()
        val gate = CompletableDeferred<Unit>()
        val options = DatagramServerOptions { queueBytes = 1_000 }
        transport.serving({
            began.complete(Unit)
            gate.await()
        }, options) { server, client ->
            client.open { socket ->
                socket.send(ByteArray(1))
                began.await()
                for (size in listOf(5_000, 1)) socket.send(ByteArray(size))
                while (server.totals.received < 3) yield()
                server.totals.dropped shouldBe 1L
                gate.complete(Unit)
                while (server.totals.handled < 2) yield()
            }
        }
    }

    contract.run("no more handlers run at a time than the options say") {
        val running = Channel<Unit>(Channel.UNLIMITED)
        val gates = Channel<Unit>(Channel.UNLIMITED)
        transport.serving({
            running.trySend(Unit)
            gates.receive()
        }, DatagramServerOptions { concurrency = 2 }) { server, client ->
            client.open { socket ->
                repeat(5) { socket.send(ByteArray(1)) }
                while (server.totals.received < 5) yield()
                repeat(2) { running.receive() }
                running.tryReceive().isSuccess shouldBe false
                repeat(5) { gates.trySend(Unit) }
                repeat(3) { running.receive() }
                while (server.totals.handled < 5) yield()
            }
        }
    }

    contract.run("what has more bytes than the server takes is dropped, and never handled in part") {
        val dropped = CompletableDeferred<DatagramEvent.Dropped>()
        val options = DatagramServerOptions {
            maxDatagramSize = 10
            onEvent { if (it is DatagramEvent.Dropped) dropped.complete(it) }
        }
        transport.serving({ reply(it.bytes) }, options) { _, client ->
            client.open { socket ->
                socket.send(ByteArray(11))
                dropped.await().reason shouldBe DropReason.TooLarge(10)
                socket.exchange("0123456789") shouldBe "0123456789"
            }
        }
    }

    contract.run("who is not admitted is not handled, and the rule is named") {
        val rule = Admission { error("cannot tell") }
        val dropped = CompletableDeferred<DatagramEvent.Dropped>()
        val options = DatagramServerOptions {
            admission = rule
            onEvent { if (it is DatagramEvent.Dropped) dropped.complete(it) }
        }
        transport.serving({ error("never") }, options) { server, client ->
            client.open { it.send(ByteArray(1)) }
            dropped.await().reason.shouldBeInstanceOf<DropReason.NotAdmitted>().rule shouldBe rule
            while (server.totals.received < 1) yield()
            server.totals.let { listOf(it.received, it.handled, it.dropped) } shouldBe listOf(1L, 0L, 1L)
        }
    }

    contract.run("over the rate replies are dropped, counted, and said") {
        val replied = Channel<Boolean>(Channel.UNLIMITED)
        transport.serving({ replied.trySend(reply(it.bytes)) }, DatagramServerOptions { replyRate = 1 }) { server, client ->
            val dropped = async(start = UNDISPATCHED) { server.events.first { it is DatagramEvent.Dropped } as DatagramEvent.Dropped }
            client.open { socket ->
                do socket.send(ByteArray(1)) while (replied.receive())
                dropped.await().reason shouldBe DropReason.TooManyReplies(1)
                server.totals.dropped shouldBe 1L
            }
        }
    }

    contract.run("a shutdown leaves what has come to the handlers, whose replies still leave") {
        val began = CompletableDeferred<Unit>()
        val gate = CompletableDeferred<Unit>()
        transport.serving({
            began.complete(Unit)
            gate.await()
            reply(it.bytes)
        }) { server, client ->
            client.open { socket ->
                socket.send("1".encodeToByteArray())
                began.await()
                socket.send("2".encodeToByteArray())
                while (server.totals.received < 2) yield()
                val report = async(start = UNDISPATCHED) { server.shutdown(HANG) }
                server.draining.first { it }
                server.state.value shouldBe ServerState.Draining
                gate.complete(Unit)
                List(2) { socket.receive().text } shouldBe listOf("1", "2")
                report.await() shouldBe ShutdownReport(drained = 2, cut = 0)
                server.connectionCount.value shouldBe 0
                server.state.value shouldBe ServerState.Closed(ShutdownReport(drained = 2, cut = 0))
            }
        }
    }

    contract.run("a shutdown without grace cuts handlers and what waits") {
        val began = CompletableDeferred<Unit>()
        transport.serving({
            began.complete(Unit)
            CompletableDeferred<Unit>().await()
        }) { server, client ->
            client.open { socket ->
                socket.send(ByteArray(1))
                began.await()
                socket.send(ByteArray(1))
                while (server.totals.received < 2) yield()
                server.shutdown(Duration.ZERO) shouldBe ShutdownReport(drained = 0, cut = 2)
            }
        }
    }

    contract.run("what a handler throws while it is being cut concerns nobody") {
        val began = CompletableDeferred<Unit>()
        val strays = Channel<Throwable>(Channel.UNLIMITED)
        val options = DatagramServerOptions { handlerContext = CoroutineExceptionHandler { _, e -> strays.trySend(e) } }
        transport.serving({
            try {
                began.complete(Unit)
                awaitCancellation()
            } finally {
                error("too late")
            }
        }, options) { server, client ->
            client.open { it.send(ByteArray(1)) }
            began.await()
            server.shutdown(Duration.ZERO) shouldBe ShutdownReport(drained = 0, cut = 1)
            strays.tryReceive().getOrNull() shouldBe null
        }
    }

    contract.run("a server ends with its scope, counts as one socket while it runs, and tells when it stops") {
        val seen = Channel<SocketEvent>(Channel.UNLIMITED)
        val scope = CoroutineScope(currentCoroutineContext() + Job())
        val server = transport.server(DatagramServerOptions { onEvent { seen.trySend(it) } }).start(scope) { }
        server.connectionCount.value shouldBe 1
        server.state.value shouldBe ServerState.Listening(server.address)
        scope.cancel()
        server.awaitClosed()
        server.connectionCount.value shouldBe 0
        server.state.value shouldBe ServerState.Closed(ShutdownReport(0, 0))
        val events = mutableListOf<SocketEvent>()
        do events += seen.receive() while (events.last() !is ServerEvent.Stopped)
        events.any { it is ServerEvent.Listening } shouldBe true
        events.any { it is DatagramEvent.Closed } shouldBe true
        shouldThrow<IllegalStateException> { transport.server(DatagramServerOptions()).start(scope) { } }
    }

    contract.run("a taken address is refused, and free once its server has ended") {
        transport.serving({ reply("old".encodeToByteArray()) }) { server, client ->
            val again = Hawser.datagramServer(server.endpoint)
            shouldThrow<BindFailed> { again.start(this) { } }.run { endpoint to reason } shouldBe
                (server.endpoint to BindFailed.Reason.AddressInUse)
            server.shutdown(Duration.ZERO)
            again.start(this) { reply("new".encodeToByteArray()) }.use { client.open { socket -> socket.exchange("who?") shouldBe "new" } }
        }
    }

    contract.run("restarts on one address leave nothing behind, a hundred times") {
        transport.serving({ reply(it.bytes) }) { server, _ ->
            server.shutdown(Duration.ZERO)
            repeat(100) {
                coroutineScope {
                    Hawser.datagramServer(server.endpoint).start(this) { reply(it.bytes) }.use { next ->
                        transport.client(next, DatagramClientOptions()).open { socket -> socket.exchange("$it") shouldBe "$it" }
                    }
                }
            }
        }
    }

    contract.run("serve runs until it is cancelled, and leaves the address free") {
        val started = CompletableDeferred<RunningDatagramServer>()
        val serving = launch { transport.server(DatagramServerOptions()).serve(onStart = { started.complete(it) }) { reply(it.bytes) } }
        val server = started.await()
        transport.client(server, DatagramClientOptions()).open { socket -> socket.exchange("up") shouldBe "up" }
        serving.cancel()
        serving.join()
        server.connectionCount.value shouldBe 0
    }
})
