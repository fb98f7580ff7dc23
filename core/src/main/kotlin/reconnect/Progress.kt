package io.hawser.reconnect

import io.hawser.Connection
import kotlin.time.Duration

/**
 * Where a link is, and how many [failures] in a row it has met.
 *
 * ```
 *        begin              opened             ended             postpone
 * Idle --------> Connecting --------> Connected -------> Waiting <--------.
 *                 ^      |                                ^ |  '----------'
 *                 |      '-------------failed-------------' |
 *                 '-----------------begin-------------------'
 * ```
 *
 * From anywhere it may be stopped, and is then [LinkState.Stopped] for good.
 *
 * A session that lasted long enough makes its end the first failure in a row; one that did not, one more: whoever accepts and hangs up
 * is as little use as who refuses.
 */
internal data class Progress(val state: LinkState = LinkState.Idle, val failures: Int = 0) {
    fun after(step: Step): Progress = when (step) {
        Step.Begin -> copy(state = LinkState.Connecting(failures + 1))
        is Step.Opened -> copy(state = LinkState.Connected(step.connection))
        is Step.Failed -> failedAfter(failures, step.cause)
        is Step.Ended -> failedAfter(if (step.wasStable) 0 else failures, step.cause)
        is Step.Postpone -> copy(state = LinkState.Waiting(failures + 1, step.delay, step.cause))
    }

    /** How long the wait is has yet to be decided. */
    private fun failedAfter(failuresBefore: Int, cause: Throwable?): Progress {
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
    data class Failed(val cause: Throwable) : Step

    /** The session is over: failed with [cause], or returned. */
    data class Ended(val cause: Throwable?, val wasStable: Boolean) : Step

    /** It has been decided that the next attempt is [delay] away. */
    data class Postpone(val delay: Duration, val cause: Throwable?) : Step
}
