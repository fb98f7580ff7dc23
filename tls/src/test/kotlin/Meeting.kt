@file:OptIn(TransportApi::class)

package io.hawser.tls

import io.hawser.transport.Buffers
import io.hawser.transport.TransportApi
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldNotContain
import java.io.IOException
import java.nio.ByteBuffer
import java.util.Collections
import java.util.IdentityHashMap
import kotlinx.coroutines.runBlocking

/** Who speaks which version in a [Meeting]. */
internal class Kind(
    val provider: Provider,
    val version: TlsVersion,
    private val alpn: List<String> = emptyList(),
    private val client: Provider = provider,
) {
    val nearBuffers = LentBuffers(direct = client == Provider.CONSCRYPT)
    val farBuffers = LentBuffers(direct = provider == Provider.CONSCRYPT)
    val server = ServerTls {
        identity(certificates.server)
        versions(version)
        this@Kind.alpn.lastOrNull()?.let { alpn(it) }
        this@Kind.provider.set(this)
    }

    /** A new one for each meeting, so that none is a resumption. */
    fun client() = ClientTls {
        trust(certificates.authority)
        alpn(*this@Kind.alpn.toTypedArray())
        this@Kind.client.set(this)
    }

    /** Conscrypt has no alert for what it refuses before BoringSSL sees it, nor for what we refuse in the middle of its handshake. */
    val hasAlertsForAll: Boolean get() = provider == Provider.JDK

    override fun toString(): String = "$provider, ${version.protocol}"

    companion object {
        val all by lazy { Provider.entries.flatMap { provider -> TlsVersion.entries.map { Kind(provider, it) } } }
    }
}

/** How far one end of a [Meeting] has come. */
internal sealed interface Outcome {
    data object Waiting : Outcome

    data object Established : Outcome

    data class Failed(val failure: TlsFailure, val told: Int) : Outcome
}

/** Buffers that know whether all that were lent have come back. */
internal class LentBuffers(direct: Boolean) {
    val pool = Buffers(side.buffers.size, spares = COUNT, direct)
    private val made = Collections.newSetFromMap(IdentityHashMap<ByteBuffer, Boolean>())

    /** Begins anew, whatever a test that failed has kept. */
    fun renew() {
        made.clear()
        made += List(COUNT) { pool.take() }
        made.forEach(pool::give)
    }

    fun shouldBeBack() {
        val back = List(COUNT) { pool.take() }
        back.count { it in made } shouldBe COUNT
        back.forEach(pool::give)
    }

    private companion object {
        const val COUNT = 8
        val side = serverTls.side
    }
}

/** One end of a session that is driven by hand, and what it sends. */
internal class End(side: Side, val sent: Lane, val received: Lane, buffers: LentBuffers) {
    private val wire = Wire(input = received, output = sent)
    val engine = CountingEngine(runBlocking { side.engine(wire) })
    val pump = TlsPump(engine, wire, Transit(buffers.pool), buffers.pool, false)
    var outcome: Outcome = Outcome.Waiting
        private set

    /** Goes on with the handshake, or notes how it ended. */
    fun turn() {
        if (outcome != Outcome.Waiting) return
        attempt { if (pump.shakeHandsOn()) outcome = Outcome.Established }
    }

    /** What is there to be read, as text; null is the end of the stream. */
    fun read(): String? {
        val target = ByteBuffer.allocate(100_000)
        var end = false
        attempt {
            while (true) {
                val count = pump.read(target)
                end = count < 0
                if (count <= 0) break
            }
        }
        val text = Charsets.ISO_8859_1.decode(target.flip()).toString()
        return if (end && text.isEmpty()) null else text
    }

    fun write(text: String) = attempt {
        val source = ByteBuffer.wrap(text.toByteArray(Charsets.ISO_8859_1))
        do pump.write(arrayOf(source), 0) while (source.hasRemaining())
    }

    /** What it has sent and nobody has handed on. */
    fun takeSent(): ByteArray = ByteArray(sent.size).also { sent.read(ByteBuffer.wrap(it)) }

    private inline fun attempt(call: () -> Unit) {
        try {
            call()
        } catch (e: TlsFailure) {
            if (outcome is Outcome.Failed) return
            val before = sent.size
            try {
                pump.flush()
            } catch (_: IOException) {
                // Nobody is there.
            }
            outcome = Outcome.Failed(e, sent.size - before)
        }
    }
}

/**
 * A client and a server, and between them somebody who hands on what they send, as a whole or with changes: [toServer] and [toClient].
 * Whoever waits for what never comes sees the end of the stream.
 */
internal class Meeting(val kind: Kind, val toServer: Line = Line(), val toClient: Line = Line()) {
    val near = End(kind.client().side(ServerName.of("localhost")), toServer.from, toClient.to, kind.nearBuffers)
    val far = End(kind.server.side, toClient.from, toServer.to, kind.farBuffers)
    val ends = listOf(near, far)

    init {
        kind.nearBuffers.renew()
        kind.farBuffers.renew()
    }

    /** Until both have an outcome. */
    fun shakeHands() {
        var turns = 0
        while (near.outcome == Outcome.Waiting || far.outcome == Outcome.Waiting) {
            val before = ends.map { it.outcome }
            near.turn()
            val moved = toServer.carry()
            far.turn()
            val answered = toClient.carry()
            if (!moved && !answered && before == ends.map { it.outcome }) {
                // A peer that has failed closes; one that waits for ever runs into a timeout.
                toServer.to.ended = true
                toClient.to.ended = true
            }
            check(++turns < MOST_TURNS) { "the handshake does not end: ${near.outcome}, ${far.outcome}" }
        }
        carry()
    }

    fun carry() {
        toServer.carry()
        toClient.carry()
    }

    /** Has both read what is there and the other's end, and returns what that was. */
    fun exchange(): Pair<String?, String?> {
        near.write("ping")
        far.write("pong")
        carry()
        return near.read() to far.read()
    }

    /** Both are through: what they were lent is back, and whoever has failed says so in a way that is known. */
    fun finish() {
        ends.forEach { it.pump.drop() }
        kind.nearBuffers.shouldBeBack()
        kind.farBuffers.shouldBeBack()
        for (end in ends) (end.outcome as? Outcome.Failed)?.let { it.failure.message.orEmpty() shouldNotContain "no progress" }
    }

    private companion object {
        const val MOST_TURNS = 1000
    }
}
