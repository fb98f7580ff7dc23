package io.hawser.messaging

import io.hawser.Connection
import io.hawser.IdleTimeout
import io.hawser.ReadTimeout
import io.hawser.ServerOptions
import io.hawser.WriteTimeout
import io.hawser.framing.Framed
import io.hawser.framing.framed
import io.hawser.messaging.SendResult.Delivered
import io.hawser.messaging.SendResult.NoSuchClient
import io.hawser.messaging.SendResult.Overflowed
import io.hawser.messaging.SendResult.Queued
import io.hawser.reconnect.LinkState
import io.hawser.reconnect.LinkStopped
import io.hawser.reconnect.SendOutcome
import io.hawser.testkit.LeakCheck
import io.hawser.testkit.Memory
import io.hawser.testkit.VirtualTime
import io.hawser.testkit.virtualTime
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldBeStrictlyIncreasing
import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeInstanceOf
import java.nio.ByteBuffer
import java.util.concurrent.ConcurrentLinkedQueue
import java.util.concurrent.atomic.AtomicInteger
import kotlin.random.Random
import kotlin.time.Duration
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.minutes
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.CoroutineStart.UNDISPATCHED
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.delay
import kotlinx.coroutines.flow.filterIsInstance
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.flow.take
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.launch
import kotlinx.coroutines.withTimeoutOrNull
import kotlinx.coroutines.yield

/** What a hub does for its clients, in virtual time. */
class HubSpec : StringSpec({
    extension(LeakCheck)

    suspend fun VirtualTime.hub(options: HubOptions = HubOptions(), listener: HubListener = object : HubListener {}) =
        MessageHub(server(), "progress", options, listener).start(this)

    /** A client that does nothing by itself. */
    suspend fun VirtualTime.connected(hub: MessageHub, block: suspend (Framed<Message>) -> Unit) =
        client(hub.handle).connect { connection -> block(connection.framed(MessageCodec())) }

    fun clientOfNobody() = Memory.client("nobody")

    fun message(vararg data: Pair<String, Any?>, type: MessageType = MessageType.DATA) = Message.of("progress", mapOf(*data), type)

    suspend fun Framed<Message>.number(): Any? = receive()?.data?.get("n")

    "what is sent while nobody is there comes first, once and in order, to whoever comes first" {
        virtualTime {
            val hub = hub()
            repeat(105) { hub.broadcast(mapOf("n" to it)) shouldBe Queued }
            hub.backlogSize shouldBe 100
            hub.backlogDropped shouldBe 5
            connected(hub) { first ->
                hub.clients.first { it.isNotEmpty() }
                hub.broadcast(mapOf("n" to 105)) shouldBe Delivered(1)
                List(101) { first.number() } shouldBe List(101) { it + 5L }
                connected(hub) { second ->
                    hub.clients.first { it.size == 2 }
                    hub.broadcast(mapOf("n" to "live")) shouldBe Delivered(2)
                    second.number() shouldBe "live"
                    first.number() shouldBe "live"
                }
            }
            hub.close()
        }
    }

    for (policy in WhenSlow.entries) {
        "the backlog comes whole, though it is longer than a queue: $policy" {
            virtualTime {
                val hub = hub(
                    HubOptions {
                        whenSlow = policy
                        maxQueuedMessages = 8
                        maxQueuedBytes = 1_000
                    },
                )
                repeat(20) { hub.broadcast(mapOf("n" to it)) }
                connected(hub) { first -> List(20) { first.number() } shouldBe List(20) { it.toLong() } }
                hub.clients.first { it.isEmpty() }
                // One that asks who the hub is gets its answer too.
                repeat(20) { hub.broadcast(mapOf("n" to it)) }
                val client = HubClient(client(hub.handle), "progress")
                val welcome = async(start = UNDISPATCHED) { client.events.first() }
                client.start(this)
                List(20) { client.receive(1.seconds).data["n"] } shouldBe List(20) { it.toLong() }
                welcome.await().shouldBeInstanceOf<HubClientEvent.Welcomed>()
                client.close()
                hub.close()
            }
        }
    }

    "everybody who comes gets the last messages, if the hub keeps them" {
        virtualTime {
            val hub = hub(HubOptions { replay = 3 })
            repeat(5) { hub.broadcast(mapOf("n" to it)) }
            connected(hub) { first ->
                List(5) { first.number() } shouldBe List(5) { it.toLong() }
                hub.broadcast(mapOf("n" to 5))
                connected(hub) { second -> List(3) { second.number() } shouldBe listOf(3L, 4L, 5L) }
            }
            hub.close()
        }
    }

    "a message for one, for some, and for a group" {
        virtualTime {
            val hub = hub()
            hub.send("nobody", mapOf("n" to 0)) shouldBe NoSuchClient
            connected(hub) { one ->
                connected(hub) { two ->
                    val (first, second) = hub.clients.first { it.size == 2 }
                    hub.send(second.id, mapOf("n" to "second")) shouldBe Delivered(1)
                    hub.broadcast(mapOf("n" to "first")) { it.id == first.id } shouldBe Delivered(1)
                    hub.broadcast(mapOf("n" to "none")) { false } shouldBe NoSuchClient
                    hub.broadcastToGroup("admins", mapOf("n" to "none")) shouldBe NoSuchClient
                    hub.join(first.id, "admins") shouldBe true
                    hub.join("nobody", "admins") shouldBe false
                    hub.broadcastToGroup("admins", mapOf("n" to "group"), MessageType.ERROR) shouldBe Delivered(1)
                    hub.leave(first.id, "admins") shouldBe true
                    hub.broadcastToGroup("admins", mapOf("n" to "none")) shouldBe NoSuchClient
                    two.number() shouldBe "second"
                    one.number() shouldBe "first"
                    one.receive()?.run { "${data["n"]} $type" } shouldBe "group ERROR"
                    hub.disconnect(second.id) shouldBe true
                    two.receive() shouldBe null
                    hub.clients.first { it.size == 1 }
                }
            }
            hub.clients.first { it.isEmpty() }
            hub.broadcast(mapOf("n" to "kept")) shouldBe Queued
            hub.close()
        }
    }

    for (policy in listOf(WhenSlow.DropOldest, WhenSlow.DropNewest)) {
        "a client that takes nothing slows no other, and each of its messages came or is counted: $policy" {
            virtualTime {
                val hub = hub(
                    HubOptions {
                        whenSlow = policy
                        maxQueuedMessages = 4
                    },
                )
                connected(hub) { stopped ->
                    connected(hub) { fast ->
                        val slow = hub.clients.first { it.size == 2 }.first()
                        repeat(20) { n ->
                            hub.broadcast(mapOf("n" to n, "bytes" to ByteArray(20_000))).shouldBeInstanceOf<Delivered>()
                            fast.number() shouldBe n.toLong()
                        }
                        slow.queueDepth shouldBe 4
                        val lost = slow.dropped.toInt()
                        val came = List(20 - lost) { stopped.number() as Long }
                        came shouldBe came.sorted()
                        came.last() shouldBe if (policy == WhenSlow.DropOldest) 19L else (came.size - 1).toLong()
                        hub.broadcast(mapOf("n" to 20)) shouldBe Delivered(2)
                        stopped.number() shouldBe 20L
                    }
                }
                hub.close()
            }
        }
    }

    "a client that takes nothing is disconnected, if that is the policy" {
        virtualTime {
            val hub = hub(
                HubOptions {
                    whenSlow = WhenSlow.Disconnect
                    maxQueuedMessages = 4
                },
            )
            connected(hub) { stopped ->
                val slow = hub.clients.first { it.isNotEmpty() }.single()
                var last: SendResult = Delivered(1)
                while (last == Delivered(1)) last = hub.broadcast(mapOf("bytes" to ByteArray(20_000))).also { delay(1.milliseconds) }
                last shouldBe Overflowed
                (slow.dropped > 0) shouldBe true
                hub.clients.first { it.isEmpty() }
                runCatching { while (stopped.receive() != null) Unit }
            }
            hub.close()
        }
    }

    "who takes nothing for too long is gone, and the hub says why" {
        virtualTime {
            val hub = MessageHub(server(ServerOptions { writeTimeout = 3.seconds }), "progress").start(this)
            val gone = async(start = UNDISPATCHED) { hub.events.filterIsInstance<HubEvent.Disconnected>().first() }
            connected(hub) {
                hub.clients.first { it.isNotEmpty() }
                repeat(20) { hub.broadcast(mapOf("bytes" to ByteArray(20_000))) }
                gone.await().cause.shouldBeInstanceOf<WriteTimeout>()
            }
            hub.close()
        }
    }

    "a sender waits for the slowest, if that is the policy, and nothing is lost" {
        virtualTime {
            val large = ByteArray(20_000)
            val hub = hub(
                HubOptions {
                    whenSlow = WhenSlow.Suspend
                    maxQueuedMessages = 2
                },
            )
            connected(hub) { slow ->
                connected(hub) { fast ->
                    hub.clients.first { it.size == 2 }
                    val fastGot = async { List(30) { fast.number() } }
                    val results = async { List(30) { hub.broadcast(mapOf("n" to it, "bytes" to large)) } }
                    delay(1.seconds)
                    results.isCompleted shouldBe false
                    List(30) { slow.number() } shouldBe List(30) { it.toLong() }
                    fastGot.await() shouldBe List(30) { it.toLong() }
                    results.await().distinct() shouldBe listOf(Delivered(2))
                }
            }
            hub.close()
        }
    }

    "a sender that waits for one who leaves has its message kept for who comes next" {
        virtualTime {
            val hub = hub(
                HubOptions {
                    whenSlow = WhenSlow.Suspend
                    maxQueuedMessages = 1
                },
            )
            connected(hub) {
                hub.clients.first { it.isNotEmpty() }
                // What the transport and the queue hold, and one more that waits.
                val large = List(10) { n -> launch { hub.broadcast(mapOf("n" to n, "bytes" to ByteArray(20_000))) } }
                delay(1.seconds)
                large.any { it.isActive } shouldBe true
                val last = async { hub.broadcast(mapOf("n" to "last")) }
                delay(1.seconds)
                hub.disconnect(hub.clients.value.single().id)
                last.await() shouldBe Queued
            }
            connected(hub) { next ->
                var came = next.number()
                while (came != "last") came = next.number()
            }
            hub.close()
        }
    }

    "what clients send is received, by whom it was sent" {
        virtualTime {
            val told = mutableListOf<String>()
            val hub = hub(
                listener = object : HubListener {
                    override fun onConnected(client: ConnectedClient) {
                        told += "connected ${client.id}"
                    }

                    override fun onDisconnected(client: ConnectedClient, cause: Throwable?) {
                        told += "disconnected ${client.id} $cause"
                    }

                    override fun onMessage(received: ReceivedMessage) {
                        told += "message ${received.data["n"]}"
                        error("the listener's own trouble")
                    }
                },
            )
            connected(hub) { client ->
                client.send(message("n" to 1))
                client.send(message("n" to 2, type = MessageType.ERROR))
                val (one, two) = hub.received.take(2).toList()
                one.data["n"] shouldBe 1L
                one.client shouldBe hub.clients.value.single()
                two.type shouldBe MessageType.ERROR
            }
            hub.clients.first { it.isEmpty() }
            hub.shutdown()
            told shouldBe listOf("connected 1", "message 1", "message 2", "disconnected 1 null")
            hub.received.toList() shouldBe emptyList()
        }
    }

    "control: hello, ping, and refusals, of which the hub speaks only when asked" {
        virtualTime {
            val hub = hub(
                HubOptions {
                    allowClientSend = false
                    maxClients = 1
                },
            )
            val events = mutableListOf<HubEvent>()
            launch(start = UNDISPATCHED) { hub.events.take(4).toList(events) }
            connected(hub) { client ->
                client.send(message("ping" to 7, type = MessageType.CONTROL))
                client.receive()?.run { type to data } shouldBe (MessageType.CONTROL to mapOf("pong" to 7L))
                client.send(message("hello" to true, type = MessageType.CONTROL))
                client.receive()?.data shouldBe
                    mapOf("hello" to mapOf("event" to "progress", "id" to "1", "max_frame" to 1048576L, "may_send" to false))
                client.send(message("n" to 1))
                client.receive()?.data shouldBe mapOf("refused" to "sending is not allowed")
                connected(hub) { second ->
                    second.receive()?.run { type to data } shouldBe (MessageType.CONTROL to mapOf("refused" to "too many clients"))
                    second.receive() shouldBe null
                }
            }
            hub.clients.first { it.isEmpty() }
            hub.shutdown()
            events.map { it::class.simpleName } shouldBe listOf("Connected", "SendRefused", "Refused", "Disconnected")
        }
    }

    "a ping whose answer would be too long is malformed, and changes nothing" {
        virtualTime {
            val hub = hub(HubOptions { maxFrame = 512 })
            val malformed = async(start = UNDISPATCHED) { hub.events.first { it is HubEvent.Malformed } }
            connected(hub) { client ->
                // Its time is one letter, and that of the answer 29.
                val ping = (fields("81" + text("ping") + "da01a8" + "61".repeat(424)) + ("message_type" to text("control"))).body()
                (ping.size <= 512) shouldBe true
                client.connection.write(ByteBuffer.wrap(framed(ping)))
                malformed.await()
                client.send(message("n" to 1))
                hub.receive().data["n"] shouldBe 1L
            }
            hub.close()
        }
    }

    "what is no message is an event, and the end of its sender only if that is wanted" {
        virtualTime {
            suspend fun Connection.nonsense() = write(ByteBuffer.wrap(byteArrayOf(0, 0, 0, 1, 0xc1.toByte())))
            val patient = hub()
            val malformed = async(start = UNDISPATCHED) { patient.events.first { it is HubEvent.Malformed } }
            connected(patient) { client ->
                client.connection.nonsense()
                client.send(message("n" to 1))
                patient.received.first().data["n"] shouldBe 1L
            }
            malformed.await()
            patient.shutdown()
            val strict = hub(HubOptions { endMalformed = true })
            connected(strict) { client ->
                client.connection.nonsense()
                client.receive() shouldBe null
            }
            strict.shutdown()
            val huge = hub()
            connected(huge) { client ->
                client.connection.write(ByteBuffer.allocate(4).putInt(Int.MAX_VALUE).flip())
                client.receive() shouldBe null
            }
            huge.clients.first { it.isEmpty() }
            huge.shutdown()
        }
    }

    "a shutdown tells the clients and lets what waits for them leave" {
        virtualTime {
            val hub = hub()
            connected(hub) { client ->
                hub.clients.first { it.isNotEmpty() }
                repeat(100) { hub.broadcast(mapOf("n" to it, "bytes" to ByteArray(2_000))) }
                val stopping = launch { hub.shutdown(10.seconds) }
                List(100) { client.number() } shouldBe List(100) { it.toLong() }
                client.receive()?.data shouldBe mapOf("shutdown" to true)
                client.receive() shouldBe null
                client.connection.close()
                stopping.join()
            }
            elapsed shouldBe Duration.ZERO
        }
    }

    "a client stays connected, sends what it was given meanwhile, and gets what the hub kept" {
        virtualTime {
            val hub = hub()
            val client = HubClient(client(hub.handle), "progress").start(this)
            client.awaitConnected()
            hub.clients.first { it.isNotEmpty() }
            hub.broadcast(mapOf("n" to 1)) shouldBe Delivered(1)
            client.receive(1.seconds).data["n"] shouldBe 1L
            hub.disconnect(hub.clients.value.single().id)
            hub.clients.first { it.isEmpty() }
            hub.broadcast(mapOf("n" to 2)) shouldBe Queued
            client.send(mapOf("n" to "meanwhile"))
            client.messages.first().data["n"] shouldBe 2L
            hub.received.first().data["n"] shouldBe "meanwhile"
            val before = elapsed
            client.shutdown(25.seconds)
            elapsed shouldBe before
            client.state.value shouldBe LinkState.Stopped(null)
            client.messages.toList() shouldBe emptyList()
            shouldThrow<LinkStopped> { client.receive() }
            hub.close()
        }
    }

    "who is gone is gone, though nobody takes what it has sent" {
        virtualTime {
            val hub = hub(
                HubOptions {
                    whenReceivedFull = WhenSlow.Suspend
                    maxReceived = 1
                },
            )
            connected(hub) { client ->
                repeat(3) { client.send(message("n" to it)) }
                hub.clients.first { it.isNotEmpty() }
                hub.disconnect(hub.clients.value.single().id)
                hub.clients.first { it.isEmpty() }
            }
            hub.close()
        }
    }

    "who is refused waits for a place" {
        virtualTime {
            val hub = hub(HubOptions { maxClients = 1 })
            val first = HubClient(client(hub.handle), "progress").start(this)
            hub.clients.first { it.size == 1 }
            val second = HubClient(client(hub.handle), "progress").start(this)
            val waiting = second.state.first { it is LinkState.Waiting } as LinkState.Waiting
            waiting.cause.shouldBeInstanceOf<HubRefused>().message shouldBe "the hub at ${hub.endpoint} refuses: too many clients"
            first.close()
            hub.clients.first { it.isEmpty() }
            hub.clients.first { it.size == 1 }
            hub.broadcast(mapOf("n" to 1))
            second.receive(60.seconds).data["n"] shouldBe 1L
            second.close()
            hub.close()
        }
    }

    "a hub whose first message takes longer than its answer may is none that has gone silent" {
        virtualTime {
            val server = server().start(this) { connection ->
                val bytes = MessageCodec().encode(message("n" to 1), connection.endpoint).single()
                while (bytes.hasRemaining()) {
                    connection.write(bytes.slice().limit(1))
                    bytes.get()
                    delay(1.seconds)
                }
                connection.awaitClosed()
            }
            val client = HubClient(client(server), "progress").start(this)
            client.receive(10.minutes).data["n"] shouldBe 1L
            server.totals.accepted shouldBe 1
            client.close()
            server.close()
        }
    }

    "what a client was given for a hub that is just ending waits for the next one" {
        virtualTime {
            var comers = 0
            val got = CompletableDeferred<Message?>()
            val server = server().start(this) { connection ->
                val frames = connection.framed(MessageCodec())
                if (comers++ == 0) return@start frames.send(message("shutdown" to true, type = MessageType.CONTROL))
                frames.send(message("pong" to 1, type = MessageType.CONTROL))
                var next = frames.receive()
                while (next?.type == MessageType.CONTROL) next = frames.receive()
                got.complete(next)
            }
            val client = HubClient(client(server), "progress")
            client.start(this)
            client.send(mapOf("n" to 1)) shouldBe SendOutcome.Queued
            got.await()?.data shouldBe mapOf("n" to 1L)
            client.close()
            server.close()
        }
    }

    "what is sent while a hub ends reaches nobody, and says so" {
        virtualTime {
            val hub = hub(HubOptions { replay = 5 })
            connected(hub) { client ->
                hub.clients.first { it.isNotEmpty() }
                repeat(50) { hub.broadcast(mapOf("bytes" to ByteArray(20_000))) }
                val ending = launch { hub.shutdown(10.seconds) }
                delay(1.seconds)
                hub.broadcast(mapOf("n" to 1)) shouldBe NoSuchClient
                client.connection.close()
                ending.join()
            }
        }
    }

    "what a client was given for a hub that refuses it waits for a place too" {
        virtualTime {
            val hub = hub(HubOptions { maxClients = 1 })
            val first = HubClient(client(hub.handle), "progress").start(this)
            hub.clients.first { it.size == 1 }
            val second = HubClient(client(hub.handle), "progress").start(this)
            repeat(50) { second.send(mapOf("n" to it)) shouldBe SendOutcome.Queued }
            second.state.first { it is LinkState.Waiting }
            first.close()
            List(50) { hub.receive(60.seconds).data["n"] } shouldBe List(50) { it.toLong() }
            second.close()
            hub.close()
        }
    }

    "a client hears what the hub says of itself, and of messages that are none or not allowed" {
        virtualTime {
            val hub = hub(HubOptions { allowClientSend = false })
            val client = HubClient(client(hub.handle), "progress")
            val heard = mutableListOf<HubClientEvent>()
            val hearing = launch(start = UNDISPATCHED) { client.events.take(3).toList(heard) }
            client.start(this)
            client.awaitConnected()
            client.send(mapOf("n" to 1))
            delay(1.seconds)
            hub.shutdown()
            hearing.join()
            heard shouldBe listOf(
                HubClientEvent.Welcomed("1", 1_048_576, maySend = false),
                HubClientEvent.SendRefused("sending is not allowed"),
                HubClientEvent.ShuttingDown,
            )
            client.close()
            val nonsense = server().start(this) { connection ->
                repeat(2) {
                    connection.write(ByteBuffer.wrap(byteArrayOf(0, 0, 0, 1, 0xc1.toByte())))
                    connection.framed(MessageCodec()).send(message("n" to it))
                }
                connection.awaitClosed()
            }
            val patient = HubClient(client(nonsense), "progress")
            val malformed = async(start = UNDISPATCHED) { patient.events.take(2).toList() }
            patient.start(this)
            malformed.await().forEach { it.shouldBeInstanceOf<HubClientEvent.Malformed>() }
            patient.messages.take(2).toList().map { it.data["n"] } shouldBe listOf(0L, 1L)
            patient.close()
            nonsense.close()
        }
    }

    "a hub that speaks of something else is none of this client's" {
        virtualTime {
            val hub = hub()
            val client = HubClient(client(hub.handle), "another").start(this)
            val waiting = client.state.first { it is LinkState.Waiting } as LinkState.Waiting
            waiting.cause.shouldBeInstanceOf<WrongEvent>().message shouldBe
                "the hub at ${client.endpoint} speaks of progress, not of another"
            client.close()
            hub.close()
        }
    }

    "what waits to be taken is bounded by what it needs in memory" {
        virtualTime {
            val hub = hub(HubOptions { maxReceivedBytes = 200_000 })
            val dropped = async(start = UNDISPATCHED) { hub.events.filterIsInstance<HubEvent.ReceivedDropped>().take(16).toList() }
            connected(hub) { client -> repeat(20) { client.send(message("n" to it, "nothing" to List(1_000) { null })) } }
            dropped.await()
            hub.shutdown()
            hub.received.toList().map { it.data["n"] } shouldBe listOf(16L, 17L, 18L, 19L)
        }
    }

    "who comes while a sender waits for somebody else gets its message once" {
        virtualTime {
            val hub = hub(
                HubOptions {
                    whenSlow = WhenSlow.Suspend
                    maxQueuedMessages = 2
                    replay = 3
                },
            )
            connected(hub) { stopped ->
                hub.clients.first { it.isNotEmpty() }
                val sending = launch {
                    // Until one has to wait.
                    var n = 0
                    while (true) hub.broadcast(mapOf("n" to n++, "bytes" to ByteArray(20_000)))
                }
                delay(1.seconds)
                connected(hub) { late ->
                    hub.clients.first { it.size == 2 }
                    stopped.connection.close()
                    val numbers = List(20) { late.number() as Long }
                    numbers.shouldBeStrictlyIncreasing()
                    sending.cancelAndJoin()
                }
            }
            hub.close()
        }
    }

    "what is told to take less than no time to end goes on" {
        virtualTime {
            val hub = hub()
            shouldThrow<IllegalArgumentException> { hub.shutdown((-1).seconds) }.message shouldBe "grace is negative: -1s"
            val client = HubClient(client(hub.handle), "progress").start(this)
            client.awaitConnected()
            hub.clients.first { it.isNotEmpty() }
            hub.broadcast(mapOf("n" to 1)) shouldBe Delivered(1)
            shouldThrow<ReadTimeout> { hub.receive(Duration.ZERO) }
            delay(1.milliseconds)
            client.receive(Duration.ZERO).data["n"] shouldBe 1L
            client.close()
            hub.close()
        }
    }

    "a client whose time is up is gone for that reason, also while nobody takes what it has sent" {
        virtualTime {
            val options = HubOptions {
                maxReceived = 1
                whenReceivedFull = WhenSlow.Suspend
            }
            val hub = MessageHub(server(ServerOptions { idleTimeout = 3.seconds }), "progress", options).start(this)
            val gone = async(start = UNDISPATCHED) { hub.events.filterIsInstance<HubEvent.Disconnected>().first() }
            connected(hub) { client ->
                repeat(3) { client.send(message("n" to it)) }
                gone.await().cause.shouldBeInstanceOf<IdleTimeout>()
            }
            hub.close()
        }
    }

    "what is closed before it is started does not start" {
        virtualTime {
            val hub = MessageHub(server(), "progress")
            hub.close()
            shouldThrow<IllegalStateException> { hub.start(this) }.message shouldBe "$hub has been closed"
            hub.received.toList() shouldBe emptyList()
            hub.broadcast(mapOf("n" to 1)) shouldBe NoSuchClient
            val client = HubClient(clientOfNobody(), "progress")
            client.close()
            shouldThrow<LinkStopped> { client.receive() }
            client.messages.toList() shouldBe emptyList()
        }
    }

    "whoever stops waiting takes nothing with him" {
        val inbox = Inbox<Int>(100, Int.MAX_VALUE) { 1 }
        val random = Random(95)
        val count = AtomicInteger()
        val taken = async(Dispatchers.Default) {
            val taken = mutableListOf<Int>()
            while (true) {
                var next: Int? = null
                var isOver = false
                try {
                    withTimeoutOrNull(random.nextInt(2).milliseconds) {
                        next = inbox.next()
                        isOver = next == null
                    }
                } finally {
                    next?.let {
                        taken += it
                        count.incrementAndGet()
                    }
                }
                if (isOver) break
            }
            taken
        }
        repeat(20_000) {
            inbox.put(it)
            // Now and then there is nothing left, and whoever takes has to wait.
            if (it % 50 == 0) while (count.get() <= it) yield()
        }
        inbox.close()
        taken.await() shouldBe List(20_000) { it }
    }

    "whoever collects, and stops, takes nothing with him" {
        val inbox = Inbox<Int>(100, Int.MAX_VALUE) { 1 }
        val taken = ConcurrentLinkedQueue<Int>()
        val putting = launch(Dispatchers.Default) {
            repeat(20_000) { inbox.put(it) }
            inbox.close()
        }
        while (putting.isActive) {
            val collecting = launch(Dispatchers.Unconfined) { inbox.collect { taken += it } }
            yield()
            collecting.cancelAndJoin()
        }
        inbox.collect { taken += it }
        taken.toList() shouldBe List(20_000) { it }
    }

    "a hub that has gone silent is noticed, and met again" {
        virtualTime {
            var silent = false
            val server = server().start(this) { connection ->
                val frames = connection.framed(MessageCodec())
                while (true) {
                    val asked = frames.receive() ?: break
                    if (!silent) frames.send(message("pong" to asked.data["ping"], type = MessageType.CONTROL))
                }
            }
            val options = HubClientOptions {
                pingEvery = 10.seconds
                pingTimeout = 2.seconds
            }
            val client = HubClient(client(server), "progress", options).start(this)
            client.awaitConnected()
            silent = true
            client.state.first { it is LinkState.Waiting }
            elapsed shouldBe 12.seconds
            silent = false
            client.awaitConnected()
            delay(60.seconds)
            client.state.value.shouldBeInstanceOf<LinkState.Connected>()
            client.close()
            client.join()
            server.close()
        }
    }
})
