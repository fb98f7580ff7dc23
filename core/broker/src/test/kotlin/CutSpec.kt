@file:OptIn(TransportApi::class)

package io.hawser.broker

import io.hawser.RunningServer
import io.hawser.StreamClient
import io.hawser.broker.wire.Frame
import io.hawser.reconnect.Backoff
import io.hawser.reconnect.LinkOptions
import io.hawser.testkit.FaultLayer
import io.hawser.testkit.Faults
import io.hawser.testkit.LeakCheck
import io.hawser.testkit.VirtualTime
import io.hawser.testkit.virtualTime
import io.hawser.transport.Layer
import io.hawser.transport.RawStream
import io.hawser.transport.TransportApi
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe
import java.io.ByteArrayOutputStream
import java.nio.ByteBuffer
import java.util.TreeSet
import java.util.UUID
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.minutes
import kotlinx.coroutines.delay
import kotlinx.coroutines.flow.flow
import kotlinx.coroutines.withTimeoutOrNull

/**
 * One connection of an exchange is cut after each of its frames, and within each: whoever it was, the request ends once, with its answer or
 * a failure that says what may have been.
 */
class CutSpec : StringSpec({
    extension(LeakCheck)

    for (victim in Role.entries) {
        for (kind in Kind.entries) {
            "the ${victim.name.lowercase()} of $kind is cut anywhere" {
                val whole = Question(victim, kind, Faults.NONE, Faults.NONE)
                whole.ask() shouldBe "answered"
                val ends = HashSet<String>()
                for (at in cuts(whole.said)) {
                    withClue("cut after $at of the ${whole.said.size} bytes that it says") {
                        ends += Question(victim, kind, Faults.NONE, Faults { cutAfter = at.toLong() }).ask()
                    }
                }
                for (at in cuts(whole.heard)) {
                    withClue("cut after $at of the ${whole.heard.size} bytes that it hears") {
                        ends += Question(victim, kind, Faults { cutAfter = at.toLong() }, Faults.NONE).ask()
                    }
                }
                // Cut before it mattered, while it did, and behind.
                val lost = if (victim == Role.PROVIDER) "the provider is lost" else "the broker is lost"
                ends shouldBe when {
                    kind == Kind.RETRIED -> setOf("answered", "answered the second time")
                    kind == Kind.REPEATED && victim == Role.PROVIDER -> setOf("answered", "answered the second time", lost)
                    else -> setOf("answered", lost)
                }
            }
        }
    }
})

private val channel = UUID(6, 6)

/** More than a window. */
private const val ANSWER = 1_300

private enum class Kind(private val text: String, val question: List<Int>, val isIdempotent: Boolean) {
    PLAIN("a request", listOf(700, 500), isIdempotent = false),

    /** It is short enough for the broker to give it to another. */
    REPEATED("an idempotent request", listOf(700, 200), isIdempotent = true),

    /** It is too long for that, but who asks may ask again. */
    RETRIED("an idempotent request of more than a window that is asked again", listOf(700, 500), isIdempotent = true),
    ;

    override fun toString(): String = text
}

/** Behind each frame of [bytes], within its header and what is behind that, and at some more places. */
private fun cuts(bytes: ByteArray): Set<Int> {
    val cuts = TreeSet<Int>()
    val all = ByteBuffer.wrap(bytes)
    var at = 0
    while (at < bytes.size) {
        val next = at + Frame.HEADER + all.getInt(at)
        cuts += listOf(at, at + Frame.HEADER / 2, (at + Frame.HEADER + next) / 2)
        at = next
    }
    return cuts + (0..bytes.size step 149) + bytes.size
}

/** Spoils the first stream only, by [faults], and notes what goes over it. */
private class First(private val faults: FaultLayer) : Layer {
    val written = ByteArrayOutputStream()
    val read = ByteArrayOutputStream()
    private var isOver = false

    override suspend fun wrap(inner: RawStream): RawStream {
        if (isOver) return inner
        isOver = true
        return Tapped(faults.wrap(inner))
    }

    private inner class Tapped(private val stream: RawStream) : RawStream by stream {
        override fun read(target: ByteBuffer): Int {
            val from = target.position()
            return stream.read(target).also { count -> for (i in from until from + count) read.write(target.get(i).toInt()) }
        }

        override fun write(source: ByteBuffer): Int {
            val sent = source.duplicate()
            return stream.write(source).also { count -> repeat(count) { written.write(sent.get().toInt()) } }
        }

        override fun write(sources: Array<ByteBuffer>, from: Int): Long = write(sources[from]).toLong()
    }
}

/**
 * A request with an answer of more than a window, to the first of two providers as long as that is there, with faults on the first connection of
 * [victim], the first provider or who asks.
 */
private class Question(private val victim: Role, private val kind: Kind, input: Faults, output: Faults) {
    private val first = First(FaultLayer(input, output))
    private val runs = IntArray(2)
    private val eager = LinkOptions { backoff = Backoff.constant(1.milliseconds) }

    val said: ByteArray get() = first.written.toByteArray()
    val heard: ByteArray get() = first.read.toByteArray()

    /** How it ended. */
    fun ask(): String = virtualTime {
        val options = BrokerOptions {
            window = 1024
            choice = ProviderChoice { all -> all.indices.minBy { all[it].peerId } }
        }
        val broker = Broker(server(), options).start(this)
        val providers = List(2) { provider(broker, it) }
        val consumer = consumer(broker.handle)
        val asked = withTimeoutOrNull(5.minutes) {
            runCatching {
                val body = Body.repeatable(flow { kind.question.forEach { emit(ByteArray(it)) } })
                consumer.request(body, 10.minutes, emptyMap(), kind.isIdempotent).decodeToString()
            }
        } ?: throw AssertionError("it does not end: ${broker.stats}")
        while (broker.stats.inFlight + broker.stats.waiting + providers.sumOf { it.inFlight } > 0) delay(1.milliseconds)
        providers.forEach { it.close() }
        consumer.close()
        while (broker.peers.isNotEmpty()) delay(1.milliseconds)
        val stats = broker.stats
        listOf(stats.inFlight, stats.waiting, stats.bytes.toInt(), stats.channels.size, consumer.inFlight) shouldBe List(5) { 0 }
        stats.requests shouldBe stats.outcomes.values.sum()
        broker.close()
        judge(asked.getOrNull(), asked.exceptionOrNull())
    }

    private suspend fun VirtualTime.provider(broker: Broker, number: Int): Provider {
        val client = client(broker.handle).spoiled(victim == Role.PROVIDER && number == 0)
        val provider = Provider(client, channel, ProviderOptions { link = eager }).start(this) { request ->
            runs[number]++
            val length = request.bytes().size
            send("z".repeat(ANSWER - 10).encodeToByteArray())
            delay(1.milliseconds)
            send("$length".padStart(10).encodeToByteArray())
        }
        provider.awaitRegistered()
        return provider
    }

    private fun VirtualTime.consumer(server: RunningServer): Consumer {
        val options = ConsumerOptions {
            link = eager
            if (kind == Kind.RETRIED) retry = Backoff.constant(2.milliseconds)
        }
        return Consumer(client(server).spoiled(victim == Role.CONSUMER), channel, options).start(this)
    }

    private fun StreamClient.spoiled(isVictim: Boolean) = if (isVictim) through(first) else this

    private fun judge(answer: String?, failure: Throwable?): String {
        check(runs.sum() <= if (kind.isIdempotent) 2 else 1) { "${runs.asList()} runs" }
        if (failure == null) {
            check(answer == "z".repeat(ANSWER - 10) + "${kind.question.sum()}".padStart(10)) { "an answer of ${answer?.length} bytes" }
            check(runs.sum() >= 1) { "answered by nobody" }
            return if (runs.sum() == 1) "answered" else "answered the second time"
        }
        check(failure is BrokerFailure && (runs.sum() == 0 || failure.mayHaveRun)) { "$failure, and ${runs.asList()} have run" }
        return when (failure) {
            is ProviderLost -> "the provider is lost"
            is BrokerLost -> "the broker is lost"
            else -> throw AssertionError("$failure", failure)
        }
    }
}
