package io.hawser.micrometer

import ch.qos.logback.classic.Level
import ch.qos.logback.classic.Logger
import ch.qos.logback.classic.spi.ILoggingEvent
import ch.qos.logback.core.read.ListAppender
import io.hawser.Admission
import io.hawser.AdmissionClass
import io.hawser.Connection
import io.hawser.Endpoint
import io.hawser.RunningServer
import io.hawser.ServerOptions
import io.hawser.StreamClient
import io.hawser.copyTo
import io.hawser.tcp.Tcp
import io.hawser.testkit.LeakCheck
import io.hawser.testkit.Memory
import io.hawser.testkit.MemoryDatagram
import io.kotest.assertions.nondeterministic.eventually
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldContainAll
import io.kotest.matchers.doubles.shouldBeGreaterThan
import io.kotest.matchers.shouldBe
import io.micrometer.core.instrument.Meter
import io.micrometer.core.instrument.Tag
import io.micrometer.core.instrument.config.MeterFilter
import io.micrometer.core.instrument.config.MeterFilterReply
import java.lang.ref.WeakReference
import java.util.concurrent.TimeUnit.MILLISECONDS
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.flow.first
import org.slf4j.LoggerFactory

class ServerMetricsSpec : StringSpec({
    extension(LeakCheck)

    suspend fun CoroutineScope.echo(options: ServerOptions = ServerOptions(), name: String? = null): RunningServer {
        val server = if (name == null) Memory.server(options) else Memory.server(options, name)
        return server.start(this) { it.copyTo(it) }
    }

    suspend fun Connection.exchange(line: String) {
        writeLine(line)
        readLine() shouldBe line
    }

    suspend fun counts(server: RunningServer, client: StreamClient) {
        val metering = Metering()
        ServerMetrics(server, listOf(Tag.of("service", "echo"))).bindTo(metering.registry)
        val tags = arrayOf("endpoint", "${server.endpoint}", "transport", server.endpoint.scheme, "service", "echo")
        metering.value("hawser.server.accepting", *tags) shouldBe 1.0
        metering.value("hawser.server.accepted", *tags) shouldBe 0.0
        client.connect { connection ->
            connection.exchange("hello")
            metering.awaitValue(1, "hawser.server.connections", *tags)
            metering.awaitValue(6, "hawser.server.read", *tags)
            metering.awaitValue(6, "hawser.server.written", *tags)
            client.connect { metering.awaitValue(1, "hawser.server.refused", "reason", "too_many_connections", *tags) }
            metering.value("hawser.server.accepted", *tags) shouldBe 1.0
        }
        server.connectionCount.first { it == 0 }
        metering.value("hawser.server.connections", *tags) shouldBe 0.0
        metering.value("hawser.server.read", *tags) shouldBe 6.0
        server.shutdown(60.seconds)
        metering.awaitNothing()
    }

    "what a server in memory counts is what the registry sees" {
        coroutineScope {
            val server = echo(ServerOptions { maxConnections = 1 })
            counts(server, Memory.client(server))
        }
    }

    "what a server of TCP counts is what the registry sees" {
        coroutineScope {
            val server = Tcp.server("127.0.0.1", port = 0, ServerOptions { maxConnections = 1 }).start(this) { it.copyTo(it) }
            counts(server, Tcp.client("127.0.0.1", server.port))
        }
    }

    "a server that takes nobody any more is not accepting" {
        coroutineScope {
            val server = echo()
            val metering = Metering()
            Memory.client(server).connect { connection ->
                connection.exchange("hello")
                ServerMetrics(server).bindTo(metering.registry)
                server.stopAccepting()
                metering.value("hawser.server.accepting") shouldBe 0.0
            }
        }
    }

    "meters go from all registries by close, and do not come back" {
        coroutineScope {
            val server = echo()
            val (one, other) = List(2) { Metering() }
            val metrics = ServerMetrics(server)
            metrics.bindTo(one.registry)
            metrics.bindTo(other.registry)
            one.names shouldBe other.names
            metrics.close()
            (one.names + other.names) shouldBe emptySet()
            metrics.bindTo(one.registry)
            one.names shouldBe emptySet()
            server.close()
        }
    }

    "a server that was started again has meters of its own, which the end of the first does not take away" {
        coroutineScope {
            val metering = Metering()
            val first = echo(name = "again")
            val old = ServerMetrics(first)
            old.bindTo(metering.registry)
            Memory.client(first).connect { it.exchange("hello") }
            first.close()
            first.awaitClosed()
            val second = echo(name = "again")
            val new = ServerMetrics(second)
            new.bindTo(metering.registry)
            old.close()
            metering.value("hawser.server.accepted") shouldBe 0.0
            Memory.client(second).connect { it.exchange("hello") }
            metering.value("hawser.server.accepted") shouldBe 1.0
            second.close()
            metering.awaitNothing()
        }
    }

    "an ended server is nobody's to keep" {
        val metering = Metering()
        val gone = coroutineScope {
            val server = echo()
            val metrics = ServerMetrics(server)
            metrics.bindTo(metering.registry)
            ServerEventMetrics(server).bindTo(metering.registry)
            server.close()
            server.awaitClosed()
            listOf(WeakReference<Any>(server), WeakReference<Any>(metrics))
        }
        eventually(60.seconds) {
            System.gc()
            gone.map { it.get() } shouldBe listOf(null, null)
        }
    }

    "what a server of datagrams counts is what the registry sees" {
        coroutineScope {
            val server = MemoryDatagram.server().start(this) { if (it.bytes.isEmpty()) error("empty") else reply(it.bytes) }
            val metering = Metering()
            DatagramServerMetrics(server).bindTo(metering.registry)
            MemoryDatagram.client((server.endpoint as Endpoint.Local).name, isNamed = true).open().use { socket ->
                socket.send(ByteArray(0))
                socket.send(ByteArray(3))
                socket.receive().bytes.size shouldBe 3
            }
            metering.awaitValue(2, "hawser.datagram.server.handled")
            metering.value("hawser.datagram.server.received") shouldBe 2.0
            metering.value("hawser.datagram.server.failed") shouldBe 1.0
            metering.value("hawser.datagram.server.dropped") shouldBe 0.0
            metering.value("hawser.datagram.server.written", "endpoint", "${server.endpoint}") shouldBe 3.0
            server.close()
            metering.awaitNothing()
        }
    }

    "admission classes and rates have meters too" {
        coroutineScope {
            val options = ServerOptions {
                admissionClasses = listOf(AdmissionClass("guests", Admission.everyone))
                readRate = 1_000
            }
            val server = echo(options)
            val metering = Metering()
            ServerMetrics(server).bindTo(metering.registry)
            Memory.client(server).connect { connection ->
                connection.exchange("x".repeat(1_200))
                metering.value("hawser.server.class.connections", "class", "guests") shouldBe 1.0
                metering.value("hawser.server.class.accepted", "class", "guests") shouldBe 1.0
                metering.value("hawser.server.class.refused", "class", "guests") shouldBe 0.0
                metering.value("hawser.server.throttled") shouldBe 1.0
                metering.registry.get("hawser.server.throttled").functionTimer().totalTime(MILLISECONDS) shouldBeGreaterThan 0.0
            }
            server.close()
        }
    }

    "what a class has come to stays while a reload leaves it out" {
        coroutineScope {
            val guests = ServerOptions { admissionClasses = listOf(AdmissionClass("guests", Admission.everyone)) }
            val server = echo(guests)
            val metering = Metering()
            ServerMetrics(server).bindTo(metering.registry)
            Memory.client(server).connect { it.exchange("hello") }
            metering.value("hawser.server.class.accepted", "class", "guests") shouldBe 1.0
            server.reload(ServerOptions())
            metering.value("hawser.server.class.accepted", "class", "guests") shouldBe 1.0
            server.reload(guests)
            Memory.client(server).connect { it.exchange("hello") }
            metering.value("hawser.server.class.accepted", "class", "guests") shouldBe 2.0
            server.close()
        }
    }

    "a registry that takes not all meters has none of them" {
        coroutineScope {
            val server = echo()
            val metering = Metering()
            metering.registry.config().meterFilter(
                object : MeterFilter {
                    override fun accept(id: Meter.Id) = if (id.name ==
                        "hawser.server.read"
                    ) {
                        error("on purpose")
                    } else {
                        MeterFilterReply.NEUTRAL
                    }
                },
            )
            shouldThrow<IllegalStateException> { ServerMetrics(server).bindTo(metering.registry) }.message shouldBe "on purpose"
            metering.names shouldBe emptySet()
            server.close()
        }
    }

    "who counts failures does not keep them from being logged" {
        val logger = LoggerFactory.getLogger("io.hawser.server.Conversation") as Logger
        val lines = ListAppender<ILoggingEvent>().apply { start() }
        logger.addAppender(lines)
        try {
            coroutineScope {
                val server = Memory.server().start(this) { error("on purpose") }
                val metering = Metering()
                ServerEventMetrics(server).bindTo(metering.registry)
                Memory.client(server).connect { it.readLine() }
                metering.awaitValue(1, "hawser.server.failures", "reason", "handler")
                server.close()
                server.awaitClosed()
            }
            lines.list.map { it.level to it.throwableProxy.message } shouldBe listOf(Level.WARN to "on purpose")
        } finally {
            logger.detachAppender(lines)
        }
    }

    "events tell how long connections last, and why they fail" {
        coroutineScope {
            val server = Memory.server().start(this) { connection ->
                while (true) if (connection.readLine() == "fail") error("on purpose") else break
            }
            val metering = Metering()
            ServerEventMetrics(server).bindTo(metering.registry)
            val client = Memory.client(server)
            client.connect { connection ->
                connection.writeLine("fail")
                metering.awaitValue(1, "hawser.server.failures", "reason", "handler")
                metering.awaitValue(1, "hawser.server.lifetime", "reason", "failure")
            }
            metering.names shouldContainAll listOf("hawser.server.accept.failures")
            server.close()
            metering.awaitNothing()
        }
    }
})
