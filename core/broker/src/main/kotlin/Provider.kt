package io.hawser.broker

import io.hawser.Endpoint
import io.hawser.Health
import io.hawser.KotlinOnly
import io.hawser.ReadTimeout
import io.hawser.StreamClient
import io.hawser.broker.answering.Answering
import io.hawser.broker.answering.Handlers
import io.hawser.broker.answering.Pulled
import io.hawser.broker.answering.Served
import io.hawser.broker.link.Member
import io.hawser.broker.link.Members
import io.hawser.broker.link.Registration
import io.hawser.reconnect.LinkState
import java.util.UUID
import java.util.concurrent.atomic.AtomicReference
import java.util.concurrent.atomic.LongAdder
import kotlin.time.Duration
import kotlin.time.Duration.Companion.seconds
import kotlin.time.toJavaDuration
import kotlin.time.toKotlinDuration
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.CoroutineStart.ATOMIC
import kotlinx.coroutines.DelicateCoroutinesApi
import kotlinx.coroutines.NonCancellable
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.launch
import kotlinx.coroutines.withContext

/**
 * Answers on [channel], by one connection to a broker that it makes anew whenever it ends. It runs once, in the scope of [start]: with a
 * handler that is called for each request, or without one, and then requests are taken by [receive] and answered by [respond].
 *
 * A request ends when it is answered, or when nobody waits for the answer any more: because who asked is gone or has cancelled it, because
 * it took too long, or because the connection is lost. Then its handler is cancelled.
 *
 * @sample io.hawser.samples.documentation.broker
 */
@OptIn(DelicateCoroutinesApi::class)
public class Provider @JvmOverloads constructor(
    client: StreamClient,
    public val channel: UUID,
    /** How it connects, and how many requests it takes at a time. */
    public val options: ProviderOptions = ProviderOptions(),
) : AutoCloseable {
    private val late = LongAdder()
    private val pulled = Pulled()

    /** Set before it connects. */
    private val begun = AtomicReference<Handlers?>()
    private val handlers: Handlers? get() = begun.get()

    @Volatile
    private var isPulled = true

    private val member: Member<Answering> = Member(client, options.link) { connection, outbound, hello ->
        Answering(connection, outbound, hello, channel, checkNotNull(handlers), late)
    }
    private val members = Members(listOf(member))

    /** The broker that it connects to. */
    public val endpoint: Endpoint get() = member.link.endpoint

    /** Where its connection is in its life. Hot; the last value stays. */
    public val state: StateFlow<LinkState> get() = member.link.state

    /** How it is, by its [state], as [io.hawser.reconnect.ReconnectingClient.health] says. */
    public fun health(): Health = member.link.health()

    /** Why it gave up, or null while it has not, and if it was told to stop. */
    public val cause: Throwable? get() = member.link.cause

    /** Whether the broker has it among those who answer. Hot; the last value stays. */
    public val isRegistered: StateFlow<Boolean> get() = member.isRegistered

    /** Requests that have come and are not over. */
    public val inFlight: Int get() = member.session.value?.inFlight ?: 0

    /** Frames that came for requests which were over here. */
    public val lateFrames: Long get() = late.sum()

    /**
     * Connects in [scope], again and again until it is stopped, and has [handler] answer each request, in a coroutine of its own there;
     * up to [concurrency] run at a time. Returns at once, with this. The scope waits for it, and for its handlers.
     *
     * A handler that asks on its own channel waits for a place that it may have itself.
     *
     * @throws IllegalStateException if it has been started or closed before.
     */
    @KotlinOnly
    public fun start(
        scope: CoroutineScope,
        concurrency: Int = CONCURRENCY,
        handler: suspend Responder.(Request) -> Unit,
    ): Provider = apply {
        begin(scope, concurrency, isPulled = false, handler)
    }

    /** As the other, for [receive]: up to [concurrency] requests at a time can be taken and not answered yet. */
    @KotlinOnly
    public fun start(scope: CoroutineScope, concurrency: Int = PULLED_CONCURRENCY): Provider = apply {
        begin(scope, concurrency, isPulled = true) { request -> pulled.park(this, request) }
    }

    /**
     * Suspends until the broker has it among those who answer, up to [timeout]. Cancelling the wait changes nothing.
     *
     * @throws io.hawser.ConnectTimeout if it has not by then; what the last attempt failed with is suppressed in it.
     * @throws NotAdmitted if the broker does not want it, and [VersionMismatch] if it cannot understand it.
     * @throws io.hawser.reconnect.LinkStopped once it has stopped for another reason.
     */
    @JvmSynthetic
    public suspend fun awaitRegistered(timeout: Duration = Duration.INFINITE): Unit = members.awaitRegistered(timeout)

    /** [awaitRegistered] for callers with Java's durations. */
    public suspend fun awaitRegistered(timeout: java.time.Duration): Unit = awaitRegistered(timeout.toKotlinDuration())

    /**
     * Takes the next request, waiting for it up to [timeout]; null once it has stopped. Any number may take, and each gets others.
     * Cancelled it has taken none.
     *
     * @throws ReadTimeout if none comes in time.
     * @throws IllegalStateException if there is a handler.
     */
    @JvmSynthetic
    public suspend fun receive(timeout: Duration = Duration.INFINITE): Request? {
        check(isPulled) { "$this has a handler, which gets the requests" }
        requirePositive("timeout", timeout)
        return pulled.next(timeout) { ReadTimeout(endpoint, timeout.toJavaDuration()) }
    }

    /** [receive] for callers with Java's durations. */
    public suspend fun receive(timeout: java.time.Duration): Request? = receive(timeout.toKotlinDuration())

    /**
     * Answers the request [id] with [body], which must not change any more, and returns when it waits to be sent; false if the request is
     * over, or has been answered. If it throws, the request has failed.
     *
     * @throws HeadersTooLarge and IllegalArgumentException for [headers] that cannot be sent.
     */
    @JvmOverloads
    public suspend fun respond(id: Long, body: ByteArray, headers: Map<String, String> = emptyMap()): Boolean =
        respond(id, Body.of(body), headers)

    /** As the other, with any [body], as fast as who asked takes it. */
    @JvmOverloads
    public suspend fun respond(id: Long, body: Body, headers: Map<String, String> = emptyMap()): Boolean = pulled.answer(id, body, headers)

    /** Has the request [id] fail with [code], which is not negative, and [message]; false if it is over, or has been answered. */
    public fun fail(id: Long, code: Int, message: String): Boolean {
        require(code >= 0) { "code < 0: $code" }
        return pulled.fail(id, code, message)
    }

    /** Has the broker give it nothing new, waits up to [grace] for what it was given, and closes. Returns when nothing of it is left. */
    @JvmSynthetic
    public suspend fun shutdown(grace: Duration = DEFAULT_GRACE) {
        member.link.shutdown(grace)
        end()
        handlers?.join()
    }

    /** [shutdown] for callers with Java's durations. */
    public suspend fun shutdown(grace: java.time.Duration): Unit = shutdown(grace.toKotlinDuration())

    /** Closes the connection, cancels the handlers and connects no more. Returns at once; idempotent. */
    override fun close() {
        member.link.close()
        end()
    }

    /** Suspends until it has stopped and nothing of it is left, handlers included. */
    public suspend fun join() {
        member.link.join()
        handlers?.join()
    }

    override fun toString(): String = "provider of $channel at $endpoint"

    private fun begin(scope: CoroutineScope, concurrency: Int, isPulled: Boolean, handler: suspend Served.(Request) -> Unit) {
        require(concurrency >= 1) { "concurrency < 1: $concurrency" }
        val handlers = Handlers(scope, concurrency, options.prefetch, handler)
        val registration = options.run {
            Registration(Role.PROVIDER, channel, token, handlers.capacity, helloTimeout, pingEvery, pingTimeout)
        }
        try {
            check(begun.compareAndSet(null, handlers)) { "$this has been started before" }
            this.isPulled = isPulled
            member.start(scope, registration)
        } catch (e: Throwable) {
            handlers.close()
            throw e
        }
        // ATOMIC: handlers end even if the scope is cancelled this instant.
        scope.launch(start = ATOMIC) {
            withContext(NonCancellable) { member.link.join() }
            end()
        }
    }

    private fun end() {
        handlers?.close()
        pulled.close()
    }

    private companion object {
        const val CONCURRENCY = 256
        const val PULLED_CONCURRENCY = 100
        val DEFAULT_GRACE = 25.seconds
    }
}
