@file:OptIn(TransportApi::class)

package io.hawser.testkit.contract

import io.hawser.Admission
import io.hawser.Attribute
import io.hawser.Candidate
import io.hawser.ClientOptions
import io.hawser.ConnectFailed
import io.hawser.Connection
import io.hawser.ConnectionReset
import io.hawser.ReloadableAdmission
import io.hawser.RunningServer
import io.hawser.ServerOptions
import io.hawser.SocketFailure
import io.hawser.StreamClient
import io.hawser.WhenFull
import io.hawser.copyTo
import io.hawser.event.Refusal
import io.hawser.event.ServerEvent
import io.hawser.event.ServerState
import io.hawser.transport.Layer
import io.hawser.transport.RawStream
import io.hawser.transport.TransportApi
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeInstanceOf
import java.util.concurrent.atomic.AtomicInteger
import kotlin.time.Duration
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.CoroutineStart.UNDISPATCHED
import kotlinx.coroutines.async
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.flow.count
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.launch

/** Whom every server of streams lets in. */
public abstract class AdmissionContract(transport: ContractTransport) : StringSpec({
    val contract = StreamTests(this, transport)
    val echo: suspend CoroutineScope.(Connection) -> Unit = { it.copyTo(it) }

    contract.run("over its limit a server refuses, and tells; who goes makes room") {
        transport.serving(echo, ServerOptions { maxConnections = 3 }) { server, client ->
            val refused = async(start = UNDISPATCHED) { server.events.first { it is ServerEvent.Refused } as ServerEvent.Refused }
            val clients = List(3) { client.connect() }
            clients.forEach {
                it.writeLine("hello")
                it.readLine() shouldBe "hello"
            }
            client.isRefused() shouldBe true
            refused.await().let { it shouldBe ServerEvent.Refused(server.address, it.remote, Refusal.TooManyConnections(3)) }
            server.connectionCount.value shouldBe 3
            server.totals.refused shouldBe 1
            server.totals.accepted shouldBe 3
            clients.first().close()
            server.connectionCount.first { it == 2 }
            client.connect().use { connection ->
                connection.writeLine("room")
                connection.readLine() shouldBe "room"
            }
            clients.forEach(Connection::close)
        }
    }

    contract.run("over its limit a server can pause: everybody is served in turn") {
        val options = ServerOptions {
            maxConnections = 2
            whenFull = WhenFull.Pause
        }
        transport.serving(echo, options) { server, client ->
            val most = AtomicInteger()
            val watching = launch(start = UNDISPATCHED) {
                server.connectionCount.collect { count -> most.updateAndGet { maxOf(it, count) } }
            }
            coroutineScope {
                repeat(30) {
                    launch {
                        client.connect { connection ->
                            connection.writeLine("turn")
                            connection.readLine() shouldBe "turn"
                        }
                    }
                }
            }
            server.connectionCount.first { it == 0 }
            watching.cancelAndJoin()
            (most.get() <= 2) shouldBe true
            server.totals.accepted shouldBe 30
            server.totals.refused shouldBe 0
        }
    }

    contract.run("a server that has paused can be stopped") {
        val options = ServerOptions {
            maxConnections = 1
            whenFull = WhenFull.Pause
        }
        for (end in listOf<suspend (RunningServer) -> Unit>({ it.close() }, { it.shutdown(grace = Duration.ZERO) })) {
            transport.serving(echo, options) { server, client ->
                client.connect { connection ->
                    connection.writeLine("x")
                    connection.readLine() shouldBe "x"
                    end(server)
                    server.awaitClosed()
                    connection.readLine() shouldBe null
                }
            }
        }
    }

    contract.run("a rule decides by who it is, and can be exchanged meanwhile") {
        val asked = Channel<Candidate>(Channel.UNLIMITED)
        val rule = ReloadableAdmission {
            asked.trySend(it)
            true
        }
        transport.serving(echo, ServerOptions { admission = rule }) { server, client ->
            client.connect { connection ->
                connection.writeLine("in")
                connection.readLine() shouldBe "in"
                val candidate = asked.receive()
                candidate.remote shouldBe connection.local
                candidate.local shouldBe connection.remote
                val nobody = Admission { false }
                val refused = async(start = UNDISPATCHED) { server.events.first { it is ServerEvent.Refused } as ServerEvent.Refused }
                rule.rule = nobody
                client.isRefused() shouldBe true
                refused.await().reason shouldBe Refusal.NotAdmitted(rule)
                connection.writeLine("still in")
                connection.readLine() shouldBe "still in"
                rule.rule = Admission.everyone
                client.connect().use {
                    it.writeLine("in again")
                    it.readLine() shouldBe "in again"
                }
            }
            server.totals.refused shouldBe 1
        }
    }

    contract.run("a rule that fails refuses, and says why") {
        val failure = AssertionError("rule")
        transport.serving(echo, ServerOptions { admission = Admission { throw failure } }) { server, client ->
            val refused = async(start = UNDISPATCHED) { server.events.first { it is ServerEvent.Refused } as ServerEvent.Refused }
            client.isRefused() shouldBe true
            refused.await().reason.shouldBeInstanceOf<Refusal.NotAdmitted>().cause shouldBe failure
            server.state.value.shouldBeInstanceOf<ServerState.Listening>()
        }
    }

    contract.run("a rule can ask for what a layer has found out") {
        val name = Attribute<String>("name")
        val names = AtomicInteger()
        val introduction = Layer { inner ->
            object : RawStream by inner {
                override val attributes = inner.attributes.with(name, "guest ${names.incrementAndGet()}")
            }
        }
        val options = ServerOptions {
            admission = Admission { it[name] == null }
            admissionAfterHandshake = Admission { it[name] != "guest 2" }
        }
        coroutineScope {
            val server = transport.server(options).through(introduction).start(this) { it.writeLine("hello ${it.attributes[name]}") }
            server.use {
                val client = transport.client(server, ClientOptions())
                val refused = async(start = UNDISPATCHED) { server.events.first { it is ServerEvent.Refused } as ServerEvent.Refused }
                client.connect().use { it.readLine() shouldBe "hello guest 1" }
                client.isRefused() shouldBe true
                refused.await().reason shouldBe Refusal.NotAdmitted(options.admissionAfterHandshake)
                client.connect().use { it.readLine() shouldBe "hello guest 3" }
                server.totals.refused shouldBe 1
            }
        }
    }
})

/** Whoever is refused sees the end, or a reset if it had sent something; or cannot even shake hands. */
private suspend fun StreamClient.isRefused(): Boolean {
    val connection = try {
        connect()
    } catch (e: SocketFailure) {
        return e !is ConnectFailed
    }
    return try {
        connection.use { it.readLine() == null }
    } catch (_: ConnectionReset) {
        true
    }
}
