package io.hawser.broker

import io.hawser.reconnect.Backoff
import io.hawser.reconnect.LinkOptions
import io.hawser.testkit.LeakCheck
import io.hawser.testkit.VirtualTime
import io.hawser.testkit.virtualTime
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.collections.shouldContainAll
import io.kotest.matchers.shouldBe
import java.util.UUID
import kotlin.random.Random
import kotlin.time.Duration
import kotlin.time.Duration.Companion.hours
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.minutes
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.async
import kotlinx.coroutines.delay
import kotlinx.coroutines.flow.flow
import kotlinx.coroutines.isActive
import kotlinx.coroutines.launch
import kotlinx.coroutines.withTimeoutOrNull

/**
 * Requests under faults, by lot: what each end has seen is held to what may be. None is lost or runs twice, no byte is lost, doubled,
 * misrouted or out of order, whoever is killed meanwhile.
 */
class BrokerHistorySpec : StringSpec({
    extension(LeakCheck)

    val seen = HashSet<Outcome>()
    repeat(SEEDS) { seed ->
        "$OPERATIONS operations by lot, with the seed $seed" {
            seen += withClue("seed $seed") { virtualTime(timeout = 5.minutes) { History(this, seed).run() } }
        }
    }

    "among all of them each way to end has been seen" {
        seen shouldContainAll Outcome.entries - Outcome.OVERLOADED - Outcome.CUT
    }
})

private const val SEEDS = 50
private const val OPERATIONS = 2_000
private const val AT_ONCE = 40
private const val REPEATS = 2

/** What one request is to be, all of which follows from its number. */
private class Operation(val number: Int, seed: Int) {
    private val random = Random(seed * 1_000_003L + number)
    val question: List<ByteArray> = pieces()
    val answer: List<ByteArray> = pieces()
    val isIdempotent = random.nextInt(3) == 0
    val retries = if (isIdempotent && random.nextBoolean()) 2 else 0
    val fails = random.nextInt(12) == 0

    /** Before the answer. */
    val takes = random.nextInt(30).milliseconds
    val timeout: Duration = if (random.nextInt(8) == 0) (1 + random.nextInt(40)).milliseconds else 10.minutes
    val cancelAfter: Duration? = random.nextInt(40).milliseconds.takeIf { random.nextInt(8) == 0 }
    val answersFirst = random.nextInt(6) == 0

    /** How often a handler has begun with it. */
    var runs = 0

    private fun pieces() = List(random.nextInt(11)) {
        random.nextBytes(
            if (random.nextInt(10) ==
                0
            ) {
                random.nextInt(20_000)
            } else {
                random.nextInt(600)
            },
        )
    }
}

/** Takes bytes, and tells at the first one that is not what is to come next. */
private class Follower(pieces: List<ByteArray>) {
    private val expected = pieces.fold(ByteArray(0), ByteArray::plus)
    var position = 0
        private set
    val isComplete get() = position == expected.size

    /** Null if [bytes] are what comes next. */
    fun flaw(bytes: ByteArray): String? {
        val end = position + bytes.size
        if (end > expected.size) return "$end bytes of ${expected.size}"
        if (!bytes.contentEquals(expected.copyOfRange(position, end))) return "other bytes at $position"
        position = end
        return null
    }
}

private class History(private val time: VirtualTime, private val seed: Int) {
    private val random = Random(seed)
    private val channels = List(3) { UUID(seed.toLong(), it.toLong()) }
    private val operations = List(OPERATIONS) { Operation(it, seed) }
    private val flaws = ArrayList<String>()
    private val eager = LinkOptions { backoff = Backoff.constant(3.milliseconds) }

    /** Returns how requests have ended. */
    suspend fun run(): Set<Outcome> {
        val options = BrokerOptions {
            window = 8 * 1024
            maxRepeatable = 8 * 1024
            maxRepeats = REPEATS
            maxTimeout = 1.hours
        }
        val broker = Broker(time.server(), options).start(time)
        val providers = channels.flatMap { channel -> List(2) { provider(broker, channel) } }
        val consumers = channels.associateWith { channel -> listOf(false, true).map { consumer(broker, channel, waits = it) } }
        val killer = time.launch { kill(broker) }
        val lots = operations.chunked(AT_ONCE)
        for (lot in lots) {
            lot.map { operation -> time.async { perform(operation, consumers) } }.forEach { it.await() }
            // Else all that is left could be told, in no time, that nobody answers just now.
            while (providers.none { it.isRegistered.value }) delay(1.milliseconds)
        }
        killer.cancel()
        while (broker.stats.run { inFlight + waiting } > 0 || providers.any { it.inFlight > 0 }) delay(1.milliseconds)
        val seen = check(broker, providers, consumers.values.flatten())
        providers.forEach { it.close() }
        consumers.values.flatten().forEach { it.close() }
        broker.close()
        return seen
    }

    private fun provider(broker: Broker, channel: UUID) = Provider(
        time.client(broker.handle),
        channel,
        ProviderOptions {
            link = eager
            prefetch = 2
        },
    ).start(time, concurrency = 4) { request -> answer(request) }

    private fun consumer(broker: Broker, channel: UUID, waits: Boolean): Consumer {
        val options = ConsumerOptions {
            link = eager
            waitForProvider = waits
        }
        return Consumer(time.client(broker.handle), channel, options).start(time)
    }

    private suspend fun Responder.answer(request: Request) {
        val operation = operations[request.headers.getValue("number").toInt()]
        operation.runs++
        headers(mapOf("number" to "${operation.number}"))
        if (!operation.answersFirst) read(operation, request)
        delay(operation.takes)
        operation.answer.forEachIndexed { i, piece ->
            if (operation.fails && i == operation.answer.size / 2) fail(operation.number, "by lot")
            send(piece)
        }
        if (operation.fails) fail(operation.number, "by lot")
    }

    private suspend fun read(operation: Operation, request: Request) {
        val follower = Follower(operation.question)
        request.body.collect { bytes -> follower.flaw(bytes)?.let { flaws += "question ${operation.number}: $it" } }
        if (!follower.isComplete) flaws += "question ${operation.number} ended after ${follower.position} bytes"
    }

    private suspend fun perform(operation: Operation, consumers: Map<UUID, List<Consumer>>) {
        val consumer = consumers.getValue(channels[operation.number % 3])[operation.number % 2]
        val follower = Follower(operation.answer)
        val body = if (operation.number % 5 == 0) Body.of(operation.question.fold(ByteArray(0), ByteArray::plus)) else body(operation)
        var outcome: Result<Unit>? = null
        val asking = time.async {
            outcome = runCatching { ask(consumer, operation, body, follower) }
        }
        val wait = operation.cancelAfter
        if (wait != null) {
            withTimeoutOrNull(wait) { asking.join() }
            asking.cancel()
        }
        asking.join()
        judge(operation, outcome, follower)
    }

    private fun body(operation: Operation): Body {
        val pieces = flow { operation.question.forEach { emit(it) } }
        return if (operation.retries > 0) Body.repeatable(pieces) else Body.of(pieces)
    }

    private suspend fun ask(consumer: Consumer, operation: Operation, body: Body, follower: Follower) {
        // Policies are of consumers: one that asks again stands for one that has such a policy.
        var left = operation.retries
        while (true) {
            try {
                val headers = mapOf("number" to "${operation.number}")
                return consumer.exchange(body, operation.timeout, headers, operation.isIdempotent) { reply ->
                    if (reply.headers["number"] != "${operation.number}") flaws += "the answer to ${reply.headers} for ${operation.number}"
                    reply.body.collect { bytes -> follower.flaw(bytes)?.let { flaws += "answer ${operation.number}: $it" } }
                }
            } catch (e: BrokerFailure) {
                if (e is RequestFailed || follower.position > 0 || left-- == 0) throw e
            }
        }
    }

    private fun judge(operation: Operation, outcome: Result<Unit>?, follower: Follower) {
        fun flaw(what: String) {
            flaws += "operation ${operation.number}: $what"
        }
        val failure = outcome?.exceptionOrNull()
        when {
            outcome == null -> if (operation.cancelAfter == null) flaw("never ended")

            failure == null -> {
                if (!follower.isComplete) flaw("an answer of ${follower.position} bytes")
                if (operation.fails) flaw("answered, and not failed")
                if (operation.runs == 0) flaw("answered by nobody")
            }

            failure is RequestFailed -> if (!operation.fails || failure.code != operation.number) flaw("$failure")

            failure is CancellationException -> if (operation.cancelAfter == null) flaw("cancelled by nobody")

            failure is RequestTimeout -> if (operation.timeout > 1.minutes) flaw("$failure")

            failure !is ProviderLost && failure !is BrokerLost && failure !is NoProvider -> flaw("$failure")
        }
        val most = if (operation.isIdempotent) (1 + operation.retries) * (1 + REPEATS) else 1
        if (operation.runs > most) flaw("${operation.runs} runs, over $most")
        if (failure is BrokerFailure && !failure.mayHaveRun && operation.retries == 0 &&
            operation.runs > 0
        ) {
            flaw("ran, and $failure says not")
        }
    }

    /** Ends connections, one or all, of whoever it may be. */
    private suspend fun kill(broker: Broker) {
        while (time.isActive) {
            delay((5 + random.nextInt(200)).milliseconds)
            // In the order in which they came: the map's depends on how many connections other tests have made.
            val peers = broker.peers.sortedBy { it.id }
            if (random.nextInt(10) == 0) {
                peers.forEach { broker.disconnect(it.id) }
            } else {
                peers.randomOrNull(random)?.let { broker.disconnect(it.id) }
            }
        }
    }

    private fun check(broker: Broker, providers: List<Provider>, consumers: List<Consumer>): Set<Outcome> {
        flaws.shouldBeEmpty()
        consumers.sumOf { it.inFlight } shouldBe 0
        providers.sumOf { it.inFlight } shouldBe 0
        val stats = broker.stats
        stats.bytes shouldBe 0
        stats.requests shouldBe stats.outcomes.values.sum()
        return stats.outcomes.keys
    }
}
