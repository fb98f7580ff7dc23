package io.hawser.reconnect

import io.hawser.Connection
import io.hawser.orNull
import java.util.Objects
import kotlin.time.Duration

/**
 * Where a [ReconnectingClient] is in its life.
 *
 * An attempt is numbered by the failures in a row before it: the first one is 1, and so is the first one ever of a link.
 */
public sealed interface LinkState {
    /** It has not been started. */
    public data object Idle : LinkState

    /** It connects, or shakes hands, for the time numbered [attempt]. */
    public data class Connecting(public val attempt: Int) : LinkState

    /** The session has [connection], until that ends. */
    public data class Connected(public val connection: Connection) : LinkState

    /** It waits before [attempt], because of [cause], or because the session returned if that is null. */
    public class Waiting internal constructor(
        public val attempt: Int,
        /** How long in all; `INFINITE` until `onError` and the policy have decided, which may take their time. */
        @get:JvmSynthetic
        public val delay: Duration,
        public val cause: Throwable?,
    ) : LinkState {
        /** For Java: see `delay`; null while that has not been decided yet. */
        @JvmName("getDelay")
        public fun delayAsJava(): java.time.Duration? = delay.orNull()

        override fun equals(other: Any?): Boolean =
            other is Waiting && attempt == other.attempt && delay == other.delay && cause == other.cause

        override fun hashCode(): Int = Objects.hash(attempt, delay, cause)

        override fun toString(): String = "Waiting(attempt=$attempt, delay=$delay, cause=$cause)"
    }

    /** It has ended, and nothing of it is left: because of [cause], or because it was told to if that is null. */
    public data class Stopped(public val cause: Throwable?) : LinkState
}
