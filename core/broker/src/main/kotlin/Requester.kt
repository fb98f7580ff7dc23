package io.hawser.broker

import io.hawser.Health
import io.hawser.KotlinOnly
import io.hawser.broker.asking.Attempts
import java.io.ByteArrayOutputStream
import java.nio.file.Path
import java.util.UUID
import kotlin.time.Duration
import kotlin.time.Duration.Companion.seconds
import kotlin.time.toJavaDuration
import kotlin.time.toKotlinDuration
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.FlowCollector

/**
 * Asks whoever answers on [channel]: a [Consumer] or a [ConsumerPool]. Any number may ask at once, from any thread.
 *
 * All that asks has a timeout, which is positive and covers everything: waiting for a connection, all attempts, and the taking of the
 * reply. It fails with
 *
 * - [RequestFailed] for what the provider failed with, [NoProvider], [ProviderLost], [Overloaded], [BrokerLost], [BrokerLeaving];
 * - [RequestTimeout] when the timeout is over, which before there was a connection has the failure of the last one suppressed in it;
 * - [HeadersTooLarge], [IllegalArgumentException] for headers that cannot be sent, and what reading a file throws, before anything is sent;
 * - what a flow throws that is to be sent: the provider's handler is cancelled then;
 * - [io.hawser.MalformedFrame] for what should not have come, and [io.hawser.reconnect.LinkStopped] once it has stopped.
 *
 * Cancelling whoever asks cancels the provider's handler. [ConsumerOptions] says what is asked again.
 */
public sealed interface Requester {
    /** Where it asks. */
    public val channel: UUID

    /** How it connects, what it waits for, and what it asks again. */
    public val options: ConsumerOptions

    /** How it is, from what it knows, without waiting; any thread. */
    public fun health(): Health

    /**
     * Asks with [body], which must not change any more, and returns the whole reply.
     *
     * @throws BodyTooLarge for a reply over [ConsumerOptions.maxReply].
     */
    @JvmSynthetic
    public suspend fun request(
        body: ByteArray,
        timeout: Duration = options.timeout,
        headers: Map<String, String> = emptyMap(),
    ): ByteArray = request(Body.of(body), timeout, headers)

    /** As the other, with what [body] emits, which is collected once, in the caller's context. */
    @JvmSynthetic
    public suspend fun request(
        body: Flow<ByteArray>,
        timeout: Duration = options.timeout,
        headers: Map<String, String> = emptyMap(),
    ): ByteArray = request(Body.of(body), timeout, headers)

    /** As the other, with the file [body]. */
    @JvmSynthetic
    public suspend fun request(
        body: Path,
        timeout: Duration = options.timeout,
        headers: Map<String, String> = emptyMap(),
    ): ByteArray = request(Body.of(body), timeout, headers)

    /** As the others, with any [body]. */
    @JvmSynthetic
    public suspend fun request(
        body: Body,
        timeout: Duration = options.timeout,
        headers: Map<String, String> = emptyMap(),
        idempotent: Boolean = options.idempotent,
    ): ByteArray = attempts.run(body, timeout, headers, idempotent) { call, _ -> call.reply().body.bytes(channel, options.maxReply) }

    /** [request] for callers with Java's durations. */
    public suspend fun request(
        body: Body,
        timeout: java.time.Duration,
        headers: Map<String, String> = emptyMap(),
        idempotent: Boolean = options.idempotent,
    ): ByteArray = request(body, timeout.toKotlinDuration(), headers, idempotent)

    /**
     * The reply to [body], as it comes. Cold: each collector asks anew, and one that stops early cancels the provider's handler. Who is
     * slow slows the provider down. It fails behind what had come before.
     */
    @JvmSynthetic
    public fun stream(
        body: ByteArray,
        timeout: Duration = options.timeout,
        headers: Map<String, String> = emptyMap(),
    ): Flow<ByteArray> = stream(Body.of(body), timeout, headers)

    /** As the other, with what [body] emits, which is collected for each collector, in his context. */
    @JvmSynthetic
    public fun stream(
        body: Flow<ByteArray>,
        timeout: Duration = options.timeout,
        headers: Map<String, String> = emptyMap(),
    ): Flow<ByteArray> = stream(Body.of(body), timeout, headers)

    /** As the other, with the file [body]. */
    @JvmSynthetic
    public fun stream(
        body: Path,
        timeout: Duration = options.timeout,
        headers: Map<String, String> = emptyMap(),
    ): Flow<ByteArray> = stream(Body.of(body), timeout, headers)

    /** As the others, with any [body]. */
    @JvmSynthetic
    public fun stream(
        body: Body,
        timeout: Duration = options.timeout,
        headers: Map<String, String> = emptyMap(),
        idempotent: Boolean = options.idempotent,
    ): Flow<ByteArray> = ReplyFlow { collector ->
        attempts.run(body, timeout, headers, idempotent) { call, handOut ->
            call.reply().body.collect { chunk ->
                handOut()
                collector.emit(chunk)
            }
        }
    }

    /** [stream] for callers with Java's durations. */
    public fun stream(
        body: Body,
        timeout: java.time.Duration,
        headers: Map<String, String> = emptyMap(),
        idempotent: Boolean = options.idempotent,
    ): Flow<ByteArray> = stream(body, timeout.toKotlinDuration(), headers, idempotent)

    /**
     * Asks with [body], runs [use] with the reply when it begins to come, while the rest of [body] is still sent, and returns what that
     * returns. Nothing is asked again once [use] runs; if it returns before the reply has ended, the provider's handler is cancelled.
     */
    @JvmSynthetic
    public suspend fun <R> exchange(
        body: Body,
        timeout: Duration = options.timeout,
        headers: Map<String, String> = emptyMap(),
        idempotent: Boolean = options.idempotent,
        use: suspend (Reply) -> R,
    ): R = attempts.run(body, timeout, headers, idempotent) { call, handOut ->
        val reply = call.reply()
        handOut()
        use(reply)
    }

    /** [exchange] for callers with Java's durations. */
    @KotlinOnly
    public suspend fun <R> exchange(
        body: Body,
        timeout: java.time.Duration,
        headers: Map<String, String> = emptyMap(),
        idempotent: Boolean = options.idempotent,
        use: suspend (Reply) -> R,
    ): R = exchange(body, timeout.toKotlinDuration(), headers, idempotent, use)

    /**
     * Asks a provider whether it is there, which its library answers and no handler sees, and returns how long the answer took once there
     * was a connection. Neither waits for a provider to come nor asks again; where all have as much as they take it stands in line, as any
     * request does.
     */
    @JvmSynthetic
    public suspend fun ping(timeout: Duration = PING_TIMEOUT): Duration = attempts.probe(timeout)

    /** [ping] for callers with Java's durations. */
    public suspend fun ping(timeout: java.time.Duration): java.time.Duration = ping(timeout.toKotlinDuration()).toJavaDuration()

    /**
     * Suspends until requests can leave at once, up to [timeout]. Cancelling the wait changes nothing.
     *
     * @throws io.hawser.ConnectTimeout if they cannot by then; what the last attempt failed with is suppressed in it.
     * @throws NotAdmitted if the broker does not want it, and [VersionMismatch] if it cannot understand it.
     * @throws io.hawser.reconnect.LinkStopped once it has stopped for another reason.
     */
    @JvmSynthetic
    public suspend fun awaitRegistered(timeout: Duration = Duration.INFINITE): Unit = attempts.members.awaitRegistered(timeout)

    /** [awaitRegistered] for callers with Java's durations. */
    public suspend fun awaitRegistered(timeout: java.time.Duration): Unit = awaitRegistered(timeout.toKotlinDuration())
}

private val Requester.attempts: Attempts get() = when (this) {
    is Consumer -> attempts
    is ConsumerPool -> attempts
}

private val PING_TIMEOUT = 2.seconds

/** The standard builder of flows looks for a cancellation before each element, which costs, and is of no use here. */
private class ReplyFlow(private val ask: suspend (FlowCollector<ByteArray>) -> Unit) : Flow<ByteArray> {
    override suspend fun collect(collector: FlowCollector<ByteArray>) = ask(collector)
}

/** All of this body. */
internal suspend fun Flow<ByteArray>.bytes(channel: UUID, limit: Int): ByteArray {
    var first: ByteArray? = null
    val rest = ByteArrayOutputStream(0)
    collect { chunk ->
        val length = (first?.size ?: 0).toLong() + rest.size() + chunk.size
        if (length > limit) throw BodyTooLarge(channel, limit)
        if (first == null) first = chunk else rest.write(chunk)
    }
    val begin = first ?: return ByteArray(0)
    return if (rest.size() == 0) begin else begin + rest.toByteArray()
}
