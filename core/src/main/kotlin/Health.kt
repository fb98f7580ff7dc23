package io.hawser

import java.time.Duration

/** How a server, a client, a link or a pool is, as it was at one moment: what somebody who decides where to send people wants to know. */
public sealed interface Health {
    /** Whether it can be used at all, if badly. */
    public val isUsable: Boolean get() = this !is Down

    /** Nothing is wrong as far as is known. */
    public data class Up @JvmOverloads constructor(
        /** How long it took to find out, or null where that was known. */
        public val took: Duration? = null,
    ) : Health {
        override fun toString(): String = if (took == null) "up" else "up, after ${took.toMillis()} ms"
    }

    /** It can be used, but not as well as it should; there is at least one of [problems]. */
    public data class Degraded(public val problems: List<HealthProblem>) : Health {
        override fun toString(): String = "degraded: ${problems.joinToString("; ")}"
    }

    /** Nobody can use it, because of [problem]. */
    public data class Down(public val problem: HealthProblem) : Health {
        override fun toString(): String = "down: $problem"
    }
}
