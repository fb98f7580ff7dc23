package io.hawser.broker

import io.hawser.MalformedFrame
import io.hawser.transport.TransportApi
import java.util.UUID
import kotlin.time.Duration
import kotlinx.coroutines.flow.Flow

/**
 * What somebody asks on [channel].
 *
 * @property id the provider's own number for it, never given twice.
 * @property headers what came with it, in the asker's order.
 * @property body for one collector, once: what its collector has taken is what the asker may send more of, so who is slow slows it down. It
 *   fails with a [java.io.IOException] if the request is over before all of it has come. What is not collected is thrown away.
 */
public class Request internal constructor(
    public val id: Long,
    public val channel: UUID,
    public val headers: Map<String, String>,
    public val body: Flow<ByteArray>,
    private val left: () -> Duration,
    private val wanted: () -> Boolean,
) {
    /** Whether somebody waits for the answer, or has it. It is false before the handler can fail because of that. */
    @TransportApi
    public val isWanted: Boolean get() = wanted()

    /** How long until nobody waits for the answer any more; infinite if that is not known. Then the handler is cancelled. */
    @get:JvmSynthetic
    public val timeLeft: Duration get() = left()

    /** For Java: see `timeLeft`; null if it is not known. */
    @JvmName("getTimeLeft")
    public fun timeLeftAsJava(): java.time.Duration? = timeLeft.orNull()

    /**
     * Collects [body], and returns all of it.
     *
     * @throws BodyTooLarge over [limit] bytes.
     * @throws MalformedFrame if it is not what it was to be.
     */
    @JvmOverloads
    public suspend fun bytes(limit: Int = DEFAULT_LIMIT): ByteArray {
        require(limit >= 0) { "limit < 0: $limit" }
        return body.bytes(channel, limit)
    }

    override fun toString(): String = "request $id on $channel"

    private companion object {
        const val DEFAULT_LIMIT = 1024 * 1024
    }
}
