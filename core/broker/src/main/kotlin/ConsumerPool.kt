package io.hawser.broker

import io.hawser.Endpoint
import io.hawser.Health
import io.hawser.HealthProblem
import io.hawser.KotlinOnly
import io.hawser.StreamClient
import io.hawser.broker.asking.Attempts
import io.hawser.broker.link.Members
import java.util.UUID
import kotlin.time.Duration
import kotlin.time.Duration.Companion.seconds
import kotlin.time.toKotlinDuration
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.launch

/**
 * Asks on a channel by [size] connections, in turn: those that are connected, and when none is, the first that is again. For more than one
 * loop and one broker behind the same endpoint; a [Consumer] alone takes any number of requests too.
 */
public class ConsumerPool @JvmOverloads constructor(
    client: StreamClient,
    override val channel: UUID,
    public val size: Int = 10,
    override val options: ConsumerOptions = ConsumerOptions(),
) : Requester,
    AutoCloseable {
    private val consumers: List<Consumer>

    init {
        require(size >= 1) { "size < 1: $size" }
        consumers = List(size) { Consumer(client, channel, options) }
    }

    @get:JvmSynthetic
    internal val attempts: Attempts = Attempts(channel, options, Members(consumers.map { it.member }))

    /** The broker that it connects to. */
    public val endpoint: Endpoint get() = consumers.first().endpoint

    /** How many of its connections take requests just now. */
    public val registered: Int get() = consumers.count { it.isRegistered.value }

    /** How it is: degraded while some of its connections cannot be used, down when none can. */
    override fun health(): Health {
        val problems = consumers.mapNotNull { (it.health() as? Health.Down)?.problem }
        return when (problems.size) {
            0 -> Health.Up()
            size -> Health.Down(problems.first())
            else -> Health.Degraded(listOf(HealthProblem.Partly(size - problems.size, size, problems.first())))
        }
    }

    /** Requests that have been sent, and whose replies have not been taken. */
    public val inFlight: Int get() = consumers.sumOf { it.inFlight }

    /** As [Consumer.lateFrames], of all of them. */
    public val lateFrames: Long get() = consumers.sumOf { it.lateFrames }

    /**
     * Connects in [scope], again and again until it is stopped. Returns at once, with this. The scope waits for it.
     *
     * @throws IllegalStateException if it has been started or closed before.
     */
    @KotlinOnly
    public fun start(scope: CoroutineScope): ConsumerPool = apply { for (consumer in consumers) consumer.start(scope) }

    /** Asks nothing new, waits up to [grace] for what has been asked, and closes. Returns when nothing of it is left. */
    @JvmSynthetic
    public suspend fun shutdown(grace: Duration = DEFAULT_GRACE): Unit = coroutineScope {
        for (consumer in consumers) launch { consumer.shutdown(grace) }
    }

    /** [shutdown] for callers with Java's durations. */
    public suspend fun shutdown(grace: java.time.Duration): Unit = shutdown(grace.toKotlinDuration())

    /** Closes the connections and connects no more: what is being asked fails with [BrokerLost]. Returns at once; idempotent. */
    override fun close(): Unit = consumers.forEach { it.close() }

    /** Suspends until it has stopped and nothing of it is left. */
    public suspend fun join(): Unit = consumers.forEach { it.join() }

    override fun toString(): String = "$size consumers of $channel at $endpoint"

    private companion object {
        val DEFAULT_GRACE = 25.seconds
    }
}
