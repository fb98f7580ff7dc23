package io.hawser.opentelemetry

import io.hawser.ConnectFailed
import io.hawser.Endpoint
import io.hawser.copyTo
import io.hawser.reconnect.Backoff
import io.hawser.reconnect.LinkOptions
import io.hawser.reconnect.reconnecting
import io.hawser.tcp.Tcp
import io.hawser.testkit.LeakCheck
import io.hawser.testkit.Memory
import io.hawser.transport.Connector
import io.hawser.transport.Layer
import io.hawser.transport.TransportApi
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.longs.shouldBeGreaterThan
import io.kotest.matchers.shouldBe
import io.opentelemetry.api.trace.Span
import io.opentelemetry.api.trace.SpanKind
import io.opentelemetry.api.trace.StatusCode
import io.opentelemetry.context.Context
import io.opentelemetry.extension.kotlin.asContextElement
import java.io.IOException
import java.net.ConnectException
import kotlin.time.Duration.Companion.milliseconds
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.launch
import kotlinx.coroutines.withContext

@OptIn(TransportApi::class)
class ConnectionTracingSpec : StringSpec({
    extension(LeakCheck)

    "a connect is a span below the one that is current, with its addresses and its steps" {
        coroutineScope {
            val tracing = Tracing()
            val server = Tcp.server("127.0.0.1", port = 0).start(this) { it.copyTo(it) }
            val client = Tcp.client("127.0.0.1", server.port).traced(tracing.openTelemetry)
            val caller = tracing.openTelemetry.getTracer("test").spanBuilder("caller").startSpan()
            val local = withContext(Context.root().with(caller).asContextElement()) {
                client.connect { connection ->
                    Span.current() shouldBe caller
                    connection.local
                }
            }
            val span = tracing.span()
            span.name shouldBe "connect"
            span.kind shouldBe SpanKind.CLIENT
            span.parentSpanId shouldBe caller.spanContext.spanId
            span.status.statusCode shouldBe StatusCode.UNSET
            span.happened shouldBe listOf("dialed", "ready")
            span.text("server.address") shouldBe "127.0.0.1"
            span.number("server.port") shouldBe server.port.toLong()
            span.text("network.transport") shouldBe "tcp"
            span.text("network.type") shouldBe "ipv4"
            span.text("network.peer.address") shouldBe "127.0.0.1"
            span.number("network.peer.port") shouldBe server.port.toLong()
            "/${span.text("network.local.address")}:${span.number("network.local.port")}" shouldBe "$local"
            server.close()
        }
    }

    "a connect that fails says why" {
        val tracing = Tracing()
        shouldThrow<ConnectFailed> { Memory.client("nobody").traced(tracing.openTelemetry).connect() }
        val span = tracing.span()
        span.status.statusCode shouldBe StatusCode.ERROR
        span.status.description shouldBe "cannot connect to memory:nobody: nobody listens on that name"
        span.text("error.type") shouldBe "refused"
        span.text("server.address") shouldBe "nobody"
        span.text("network.transport") shouldBe "memory"
        span.happened shouldBe listOf("exception")
    }

    "a handshake comes between dialed and ready, in whatever order client and layer were made" {
        coroutineScope {
            val server = Memory.server().start(this) { it.copyTo(it) }
            val broken = Layer { throw IOException("no handshake") }
            val client = Memory.client(server)
            for (isTracedFirst in listOf(true, false)) {
                val tracing = Tracing()
                val traced = if (isTracedFirst) {
                    client.traced(tracing.openTelemetry).through(broken)
                } else {
                    client.through(broken).traced(tracing.openTelemetry)
                }
                shouldThrow<IOException> { traced.connect() }
                val span = tracing.span()
                span.happened shouldBe listOf("dialed", "exception")
                span.text("error.type") shouldBe "java.io.IOException"
            }
            server.close()
        }
    }

    "addresses that do not answer are events" {
        coroutineScope {
            val tracing = Tracing()
            val server = Memory.server().start(this) { it.copyTo(it) }
            val client = Memory.client(server)
            val second = client.over(
                Connector(client.connector.remote) { socket, failed ->
                    failed(ConnectFailed(Endpoint.parse("tcp://[::1]:1"), ConnectException("Connection refused")))
                    client.connector.connect(socket, failed)
                },
            )
            second.traced(tracing.openTelemetry).connect().close()
            val span = tracing.span()
            span.happened shouldBe listOf("address.failed", "dialed", "ready")
            span.events.first().text("error.type") shouldBe "refused"
            span.events.first().text("exception.message") shouldBe "cannot connect to tcp://[::1]:1: Connection refused"
            server.close()
        }
    }

    "a connect that is cancelled is no error, and leaves nothing open" {
        coroutineScope {
            val tracing = Tracing()
            val server = Memory.server().start(this) { it.copyTo(it) }
            val isShaking = CompletableDeferred<Unit>()
            val slow = Layer {
                isShaking.complete(Unit)
                awaitCancellation()
            }
            val connecting = launch { Memory.client(server).through(slow).traced(tracing.openTelemetry).connect() }
            isShaking.await()
            connecting.cancel()
            connecting.join()
            val span = tracing.span()
            span.happened shouldBe listOf("dialed", "cancelled")
            span.status.statusCode shouldBe StatusCode.UNSET
            server.close()
        }
    }

    "a link has a span for each attempt" {
        coroutineScope {
            val tracing = Tracing()
            val options = LinkOptions { backoff = Backoff.constant(1.milliseconds).upTo(2) }
            val link = Memory.client("nobody").traced(tracing.openTelemetry).reconnecting(options).start(this) { }
            link.join()
            tracing.spans(3).getValue("connect").map { it.text("error.type") }.toSet() shouldBe setOf("refused")
        }
    }

    "a handler runs in a span of its own, which is current there, in what it launches and elsewhere" {
        coroutineScope {
            val tracing = Tracing()
            val caller = tracing.openTelemetry.getTracer("test").spanBuilder("start").startSpan()
            val seen = mutableListOf<Span>()
            val server = withContext(Context.root().with(caller).asContextElement()) {
                Tcp.server("127.0.0.1", port = 0).start(
                    this@coroutineScope,
                    traced(tracing.openTelemetry) { connection ->
                        seen += Span.current()
                        connection.readLine()
                        seen += Span.current()
                        launch(Dispatchers.Default) { seen += Span.current() }.join()
                        connection.writeLine("done")
                    },
                )
            }
            for (count in 1..2) {
                Tcp.client("127.0.0.1", server.port).connect { connection ->
                    connection.writeLine("hello")
                    connection.readLine() shouldBe "done"
                }
                tracing.spans(count)
            }
            val spans = tracing.spans(2).getValue("serve")
            seen.map { it.spanContext.spanId } shouldBe spans.flatMap { span -> List(3) { span.spanId } }
            for (span in spans) {
                span.kind shouldBe SpanKind.SERVER
                span.parentSpanContext.isValid shouldBe false
                span.number("server.port") shouldBe server.port.toLong()
                span.text("network.peer.address") shouldBe "127.0.0.1"
                span.number("hawser.bytes.read") shouldBe 6L
                span.number("hawser.bytes.written") shouldBe 5L
                (span.number("hawser.connection.id") ?: 0) shouldBeGreaterThan 0
            }
            server.close()
        }
    }

    "a handler that fails says so, and one that is cut does not" {
        coroutineScope {
            val tracing = Tracing()
            val server = Memory.server().start(
                this,
                traced(tracing.openTelemetry) { connection -> if (connection.readLine() == "fail") error("on purpose") },
            )
            Memory.client(server).connect { it.writeLine("fail") }
            val failed = tracing.span()
            failed.text("error.type") shouldBe "java.lang.IllegalStateException"
            failed.status.description shouldBe "on purpose"

            Memory.client(server).connect { connection ->
                server.connectionCount.first { it == 1 }
                connection.writeLine("good")
                connection.readLine() shouldBe null
            }
            tracing.spans(2).getValue("serve").last().status.statusCode shouldBe StatusCode.UNSET
            val waiting = CompletableDeferred<Unit>()
            val cut = Memory.server().start(
                this,
                traced(tracing.openTelemetry) {
                    waiting.complete(Unit)
                    awaitCancellation()
                },
            )
            Memory.client(cut).connect {
                waiting.await()
                cut.close()
            }
            tracing.spans(3).getValue("serve").last().happened shouldBe listOf("cancelled")
            server.close()
        }
    }
})
