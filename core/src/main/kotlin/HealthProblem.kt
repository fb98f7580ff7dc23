package io.hawser

import java.time.Duration

/** What keeps something from being [Health.Up]. */
public sealed interface HealthProblem {
    /** A server has [connections], as many as it may by its [limit]: more are refused, or wait. */
    public data class Full(public val connections: Int, public val limit: Int) : HealthProblem {
        override fun toString(): String = "$connections connections of $limit"
    }

    /** As many datagrams wait for a handler as may, which are [count], or as many bytes: more are dropped. */
    public data class QueueFull(public val count: Int) : HealthProblem {
        override fun toString(): String = "the queue is full with $count datagrams"
    }

    /** A server could not accept anybody for as long as [lasts], the last time because of [cause]. */
    public data class AcceptFailing(public val lasts: Duration, public val cause: Throwable) : HealthProblem {
        override fun toString(): String = "it could not accept for ${lasts.toMillis()} ms: $cause"
    }

    /** A server could not receive anything for as long as [lasts], the last time because of [cause]. */
    public data class ReceiveFailing(public val lasts: Duration, public val cause: Throwable) : HealthProblem {
        override fun toString(): String = "it could not receive for ${lasts.toMillis()} ms: $cause"
    }

    /** It has not been started. */
    public data object NotStarted : HealthProblem {
        override fun toString(): String = "not started"
    }

    /** A server takes nobody any more; whom it has it serves. */
    public data object NotAccepting : HealthProblem {
        override fun toString(): String = "it accepts nobody any more"
    }

    /** It shuts down; who uses it has some time left. */
    public data object Draining : HealthProblem {
        override fun toString(): String = "it is shutting down"
    }

    /** It has ended: because of [cause], or because it was told to if that is null. */
    public data class Ended(public val cause: Throwable?) : HealthProblem {
        override fun toString(): String = if (cause == null) "it has ended" else "it has ended: $cause"
    }

    /** The event loop that it ran on has ended, as [cause] tells. */
    public data class LoopClosed(public val cause: EventLoopClosed) : HealthProblem {
        override fun toString(): String = "its event loop has ended: ${cause.message}"
    }

    /** Who tried could not connect to [endpoint] because of [cause]: nobody is there, or its layers failed. */
    public data class Unreachable(public val endpoint: Endpoint, public val cause: Throwable) : HealthProblem {
        override fun toString(): String = "$endpoint cannot be reached: ${cause.message ?: cause}"
    }

    /** Who tried had not connected to [endpoint] within [timeout]. */
    public data class NoAnswer(public val endpoint: Endpoint, public val timeout: Duration) : HealthProblem {
        override fun toString(): String = "$endpoint did not answer within ${timeout.toMillis()} ms"
    }

    /** A circuit breaker lets nobody connect for another [remaining], because of [cause]. */
    public data class CircuitOpen(public val remaining: Duration, public val cause: Throwable) : HealthProblem {
        override fun toString(): String = "the circuit is open for another ${remaining.toMillis()} ms: $cause"
    }

    /** A circuit breaker lets one try, after it was open because of [cause]. */
    public data class CircuitHalfOpen(public val cause: Throwable) : HealthProblem {
        override fun toString(): String = "the circuit is half open: $cause"
    }

    /** A link is not connected: it makes, or waits for, its attempt number [attempt], the one before having failed because of [cause]. */
    public data class NotConnected(public val attempt: Int, public val cause: Throwable?) : HealthProblem {
        override fun toString(): String = "not connected, at attempt $attempt" + if (cause == null) "" else ": $cause"
    }

    /** All [limit] connections of a pool are in use, and [waiting] wait for one. */
    public data class PoolExhausted(public val limit: Int, public val waiting: Int) : HealthProblem {
        override fun toString(): String = "all $limit connections are in use, and $waiting wait for one"
    }

    /** Of [size] of a kind only [usable] can be used; [first] is what one of the others has. */
    public data class Partly(public val usable: Int, public val size: Int, public val first: HealthProblem) : HealthProblem {
        override fun toString(): String = "$usable of $size can be used; of the others one: $first"
    }
}
