package io.hawser.config

import io.hawser.Candidate
import io.hawser.Endpoint
import io.hawser.OnDrain
import io.hawser.WhenFull
import io.hawser.WhenQueueFull
import io.hawser.broker.Broker
import io.hawser.broker.Consumer
import io.hawser.broker.ConsumerPool
import io.hawser.messaging.HubClient
import io.hawser.messaging.MessageHub
import io.hawser.messaging.NamedHubs
import io.hawser.messaging.WhenSlow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import java.net.InetSocketAddress
import java.time.ZoneId
import java.util.UUID
import kotlin.time.Duration
import kotlin.time.Duration.Companion.days
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.minutes
import kotlin.time.Duration.Companion.seconds

class GoodFilesSpec : StringSpec({
    "a server of streams has what its table says" {
        val server = config(
            """
            [server.api]
            endpoint = "tcp://127.0.0.1:9000"
            backlog = 64
            max-connections = 10_000
            when-full = "pause"
            on-drain = "end-input"
            idle-timeout = "25s"
            read-timeout = "1m30s"
            write-timeout = "500ms"
            close-timeout = "none"
            read-rate = "10MiB/s"
            total-write-rate = 1_000_000
            accept-rate-per-host = 20

            [server.api.socket]
            no-delay = false
            receive-buffer = "64KiB"
            send-buffer = "1MB"
            linger = "0s"

            [server.api.admission]
            allow = ["127.0.0.0/8", "10.0.0.0/8"]
            deny = ["127.0.0.2"]

            [server.api.admission-classes.operators]
            allow = ["127.0.0.1"]
            reserved = 5
            [server.api.admission-classes.staff]
            """,
        ).server("api")
        server.endpoint shouldBe Endpoint.parse("tcp://127.0.0.1:9000")
        val options = server.options
        options.backlog shouldBe 64
        options.maxConnections shouldBe 10_000
        options.whenFull shouldBe WhenFull.Pause
        options.onDrain shouldBe OnDrain.EndInput
        options.idleTimeout shouldBe 25.seconds
        options.readTimeout shouldBe 1.5.minutes
        options.writeTimeout shouldBe 500.milliseconds
        options.closeTimeout shouldBe Duration.INFINITE
        options.socket.noDelay shouldBe false
        options.socket.receiveBuffer shouldBe 65_536
        options.socket.sendBuffer shouldBe 1_000_000
        options.socket.linger shouldBe Duration.ZERO
        listOf(options.readRate, options.totalWriteRate, options.writeRate) shouldBe listOf(10L * 1024 * 1024, 1_000_000L, Long.MAX_VALUE)
        options.acceptRatePerHost shouldBe 20
        options.admissionClasses.map { it.name to it.reserved } shouldBe listOf("operators" to 5, "staff" to 0)
        val here = InetSocketAddress("127.0.0.1", 1)
        listOf("127.0.0.1", "127.0.0.2", "10.1.1.1", "192.168.0.1").map {
            options.admission.admits(Candidate(here, InetSocketAddress(it, 1)))
        } shouldBe
            listOf(true, false, true, false)
    }

    "servers and clients of datagrams have what their tables say" {
        val config = config(
            """
            [server.log]
            endpoint = "udp://127.0.0.1:0"
            concurrency = 4
            queue-bytes = "1MiB"
            when-queue-full = "drop-oldest"
            max-datagram-size = 1500

            [client.log]
            endpoint = "unixgram:@log"
            open-timeout = "1s"
            """,
        )
        val options = config.datagramServer("log").options
        listOf(options.concurrency, options.queueBytes, options.maxDatagramSize) shouldBe listOf(4, 1024 * 1024, 1500)
        options.whenQueueFull shouldBe WhenQueueFull.DropOldest
        config.datagramClient("log").options.openTimeout shouldBe 1.seconds
        config.endpoint("client", "log") shouldBe Endpoint.parse("unixgram:@log")
        config.names("server") shouldContainExactly listOf("log")
    }

    "a client connects again, pools, breaks and queues as its tables say" {
        val config = config(
            """
            [client.db]
            endpoint = "tcp://db:5432"
            connect-timeout = "3s"

            [client.db.reconnect]
            reset-after = "1s"
            keep-alive-idle = "none"
            backoff = { kind = "constant", first = "50ms", jittered = false, up-to = 3 }
            outbox = { max-messages = 10, when-full = "drop-oldest" }

            [client.db.pool]
            max-connections = 2
            min-idle = 1

            [client.db.circuit-breaker]
            failures = 3

            [client.db.session]
            receive-timeout = "30s"
            """,
        )
        val link = config.link("db")
        link.resetAfter shouldBe 1.seconds
        link.keepAliveIdle shouldBe null
        (1..4).map { link.backoff.delayAfter(it, null) } shouldBe List(3) { 50.milliseconds } + null
        link.outbox?.maxMessages shouldBe 10
        config.pool("db").options.minIdle shouldBe 1
        config.session("db").receiveTimeout shouldBe 30.seconds
        "${config.reconnecting("db").endpoint}" shouldBe "tcp://db:5432"
    }

    "hubs and brokers run on servers and clients that have a name" {
        val config = config(
            """
            [server.progress]
            endpoint = "memory:progress"
            [client.progress]
            endpoint = "memory:progress"
            [hub.progress]
            max-clients = 5
            when-slow = "disconnect"
            zone = "Europe/Zurich"
            [hub-client.progress]
            ping-every = "none"
            [hub-client.progress.reconnect]
            dial-timeout = "1s"
            [named-hubs.all]
            socket-dir = "/tmp/hubs"
            ports = "9100-9200"
            [named-hubs.all.server]
            max-connections = 3
            [broker.main]
            server = "progress"
            choice = "round-robin"
            max-frame = "128KiB"
            [consumer.one]
            client = "progress"
            channel = "6ba7b810-9dad-11d1-80b4-00c04fd430c8"
            token = "env:TOKEN"
            retry = { first = "10ms" }
            [consumer-pool.one]
            client = "progress"
            channel = "6ba7b810-9dad-11d1-80b4-00c04fd430c8"
            size = 3
            """,
            mapOf("TOKEN" to "secret"),
        )
        val hub = config.get<MessageHub>("progress")
        hub.options.maxClients shouldBe 5
        hub.options.whenSlow shouldBe WhenSlow.Disconnect
        hub.options.zone shouldBe ZoneId.of("Europe/Zurich")
        hub.event shouldBe "progress"
        val client = config.get<HubClient>("progress").options
        client.pingEvery shouldBe Duration.INFINITE
        client.link.dialTimeout shouldBe 1.seconds
        // What its options have by themselves stays.
        (client.link.outbox != null) shouldBe true
        config.get<NamedHubs>("all").options.run { listOf(ports, server.maxConnections, "$socketDir") } shouldBe
            listOf(9100..9200, 3, "/tmp/hubs")
        config.get<Broker>("main").options.maxFrame shouldBe 128 * 1024
        config.get<Consumer>("one").channel shouldBe UUID.fromString("6ba7b810-9dad-11d1-80b4-00c04fd430c8")
        config.get(ConsumerPool::class.java, "one").size shouldBe 3
    }

    "a duration may be longer than nanoseconds count, and is printed as it is" {
        val config = config("[server.api]\nendpoint = \"tcp://127.0.0.1:0\"\nidle-timeout = \"200000d1ms\"")
        config.server("api").options.idleTimeout shouldBe 200_000.days + 1.milliseconds
        config.describe() shouldContain "idle-timeout = \"200000d1ms\" # "
    }

    "an endpoint may have a range of ports" {
        "${config("[server.api]\nendpoint = \"tcp://127.0.0.1:9000-9100\"").server("api").endpoint}" shouldBe "tcp://127.0.0.1:9000"
    }

    "later files go over earlier ones, the user's over those, then the environment, then code" {
        val first =
            file(
                "[server.api]\nendpoint = \"tcp://127.0.0.1:0\"\nbacklog = 1\nmax-connections = 1\naccept-rate = 1\nidle-timeout = \"1s\"\nread-timeout = \"1s\"",
            )
        val second = file("[server.api]\nmax-connections = 2\naccept-rate = 2\nidle-timeout = \"2s\"\nread-timeout = \"2s\"")
        val user = file("[server.api]\naccept-rate = 3\nidle-timeout = \"3s\"\nread-timeout = \"3s\"")
        val config = HawserConfig.load {
            file(first)
            file(second)
            userFile(user)
            environment(mapOf("HAWSER_SERVER_API_IDLE_TIMEOUT" to "4s", "HAWSER_SERVER_API_READ_TIMEOUT" to "4s"))
            server("api") { it.readTimeout = 5.seconds }
        }
        val options = config.server("api").options
        listOf(options.backlog, options.maxConnections, options.acceptRate) shouldBe listOf(1, 2, 3)
        listOf(options.idleTimeout, options.readTimeout) shouldBe listOf(4.seconds, 5.seconds)
        val said = config.describe()
        said shouldContain "backlog = 1 # $first:3:1"
        said shouldContain "max-connections = 2 # $second:2:1"
        said shouldContain "accept-rate = 3 # $user:2:1"
        said shouldContain "idle-timeout = \"4s\" # HAWSER_SERVER_API_IDLE_TIMEOUT"
        said shouldContain "read-timeout = \"5s\" # code"
        said shouldContain "write-timeout = \"none\" # default"
    }
})
