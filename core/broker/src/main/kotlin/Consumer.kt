package io.hawser.broker

import io.hawser.Endpoint
import io.hawser.Health
import io.hawser.KotlinOnly
import io.hawser.StreamClient
import io.hawser.broker.asking.Asking
import io.hawser.broker.asking.Attempts
import io.hawser.broker.link.Member
import io.hawser.broker.link.Members
import io.hawser.broker.link.Registration
import io.hawser.reconnect.LinkState
import java.util.UUID
import java.util.concurrent.atomic.LongAdder
import kotlin.time.Duration
import kotlin.time.Duration.Companion.seconds
import kotlin.time.toKotlinDuration
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.flow.StateFlow

/**
 * Asks on a channel, by one connection to a broker that it makes anew whenever it ends. Any number of requests go over it at once, and none
 * waits for another. It runs once, in the scope of [start]; requests before that wait for it.
 *
 * @sample io.hawser.samples.documentation.broker
 */
public class Consumer @JvmOverloads constructor(
    client: StreamClient,
    override val channel: UUID,
    override val options: ConsumerOptions = ConsumerOptions(),
) : Requester,
    AutoCloseable {
    private val late = LongAdder()

    @get:JvmSynthetic
    internal val member: Member<Asking> = Member(client, options.link) { connection, outbound, hello ->
        Asking(connection, outbound, hello, channel, late)
    }

    @get:JvmSynthetic
    internal val attempts: Attempts = Attempts(channel, options, Members(listOf(member)))

    /** The broker that it connects to. */
    public val endpoint: Endpoint get() = member.link.endpoint

    /** Where its connection is in its life. Hot; the last value stays. */
    public val state: StateFlow<LinkState> get() = member.link.state

    /** How it is, by its [state], as [io.hawser.reconnect.ReconnectingClient.health] says. */
    override fun health(): Health = member.link.health()

    /** Why it gave up, or null while it has not, and if it was told to stop. */
    public val cause: Throwable? get() = member.link.cause

    /** Whether the broker takes requests. Hot; the last value stays. */
    public val isRegistered: StateFlow<Boolean> get() = member.isRegistered

    /** Requests that have been sent, and whose replies have not been taken. */
    public val inFlight: Int get() = member.session.value?.inFlight ?: 0

    /** Frames that came for requests which had ended here: they crossed a cancellation, or a deadline. */
    public val lateFrames: Long get() = late.sum()

    /**
     * Connects in [scope], again and again until it is stopped. Returns at once, with this. The scope waits for it.
     *
     * @throws IllegalStateException if it has been started or closed before.
     */
    @KotlinOnly
    public fun start(scope: CoroutineScope): Consumer = apply { member.start(scope, options.registration(channel)) }

    /** Asks nothing new, waits up to [grace] for what has been asked, and closes. Returns when nothing of it is left. */
    @JvmSynthetic
    public suspend fun shutdown(grace: Duration = DEFAULT_GRACE): Unit = member.link.shutdown(grace)

    /** [shutdown] for callers with Java's durations. */
    public suspend fun shutdown(grace: java.time.Duration): Unit = shutdown(grace.toKotlinDuration())

    /** Closes the connection and connects no more: what is being asked fails with [BrokerLost]. Returns at once; idempotent. */
    override fun close(): Unit = member.link.close()

    /** Suspends until it has stopped and nothing of it is left. */
    public suspend fun join(): Unit = member.link.join()

    override fun toString(): String = "consumer of $channel at $endpoint"

    private companion object {
        val DEFAULT_GRACE = 25.seconds
    }
}

internal fun ConsumerOptions.registration(channel: UUID) =
    Registration(Role.CONSUMER, channel, token, capacity = 0, helloTimeout, pingEvery, pingTimeout)
