package io.hawser.reconnect

import io.hawser.Connection
import kotlin.time.Duration

/**
 * Where a link is, and how many [failures] in a row it has met.
 *
 * ```
 *        begin            opened                 ended
 * Idle --------> Connecting ------> Connected ---------> Waiting
 *                 ^  |  |                                 |   |
 *                 |  |  '-----------failed: postponed---->'   |
 *                 '--|-----------------begin-------------<'   |
 *                    '------stop, from anywhere---------------'----> Stopped
 * ```
 *
 * A session that lasted long enough makes its end the first failure in a row; one that did not, one more: whoever accepts and hangs up
 * is as little use as who refuses.
 */
internal data class Progress(val state: LinkState = LinkState.Idle, val failures: Int = 0) {
    fun after(step: Step): Progress = if (state is LinkState.Stopped) {
        this
    } else {
        when (step) {
            Step.Begin -> copy(state = LinkState.Connecting(failures + 1))
            is Step.Opened -> copy(state = LinkState.Connected(step.connection))
            is Step.Failed -> copy(failures = failures + 1)
            is Step.Ended -> endedAfter(if (step.wasStable) 0 else failures, step.cause)
            is Step.Postpone -> copy(state = LinkState.Waiting(failures + 1, step.delay, step.cause))
            is Step.Stop -> copy(state = LinkState.Stopped(step.cause))
        }
    }

    private fun endedAfter(failuresBefore: Int, cause: Throwable?): Progress {
        val failures = failuresBefore + 1
        return Progress(LinkState.Waiting(failures + 1, Duration.INFINITE, cause), failures)
    }
}

/** What happens to a link. */
internal sealed interface Step {
    /** It begins an attempt. */
    data object Begin : Step

    /** The attempt has brought [connection]. */
    data class Opened(val connection: Connection) : Step

    /** The attempt has failed. */
    data object Failed : Step

    /** The session is over: failed with [cause], or returned. */
    data class Ended(val cause: Throwable?, val wasStable: Boolean) : Step

    /** The next attempt is [delay] away. */
    data class Postpone(val delay: Duration, val cause: Throwable?) : Step

    /** There is none. */
    data class Stop(val cause: Throwable?) : Step
}
