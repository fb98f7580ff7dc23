package io.hawser.reconnect

import kotlin.time.TimeMark

/** Whether a [CircuitBreaker] lets anybody connect. */
public sealed interface CircuitState {
    /** Everybody may connect; the last [failures] attempts have failed. */
    public data class Closed(public val failures: Int = 0) : CircuitState

    /** Nobody may, because of [cause], until it has been so for long enough and somebody tries. */
    public class Open internal constructor(public val cause: Throwable, internal val since: TimeMark) : CircuitState {
        override fun toString(): String = "Open(cause=$cause)"
    }

    /**
     * It has been open for long enough, because of [cause]: one may connect at a time, and the first that decides closes or opens it.
     * [isTrying] tells whether somebody does.
     */
    public data class HalfOpen(public val cause: Throwable, public val isTrying: Boolean) : CircuitState
}

/** What happens to a circuit. */
internal sealed interface CircuitStep {
    /** It has been open for long enough, or half open with nobody trying, and somebody tries. */
    data object Try : CircuitStep

    /** Somebody is connected. */
    data class Succeeded(val isTrial: Boolean) : CircuitStep

    /** Somebody was not, because of [cause], now. */
    data class Failed(val isTrial: Boolean, val cause: Throwable, val now: TimeMark) : CircuitStep

    /** Somebody has given up before anything was decided. */
    data class Abandoned(val isTrial: Boolean) : CircuitStep
}

/**
 * ```
 *             [failures] in a row                 Try
 *    Closed --------------------------> Open ------------> HalfOpen (trying)
 *     ^  ^                               ^                   |   |   |   ^
 *     |  '--------- Succeeded -----------|-------------------'   |   |   |
 *     '-- Succeeded: 0 failures          '------- Failed --------'   |   |
 *         Failed: 1 more                      Abandoned: not trying -'   |
 *                                                 '--------- Try --------'
 * ```
 *
 * Of those who try the circuit in an open or half-open state only the trial counts: who began before says nothing about now.
 */
internal fun CircuitState.after(step: CircuitStep, failures: Int): CircuitState = when (this) {
    is CircuitState.Closed -> when (step) {
        is CircuitStep.Succeeded -> CircuitState.Closed()

        is CircuitStep.Failed ->
            if (this.failures + 1 < failures) CircuitState.Closed(this.failures + 1) else CircuitState.Open(step.cause, step.now)

        is CircuitStep.Abandoned, CircuitStep.Try -> this
    }

    is CircuitState.Open -> if (step is CircuitStep.Try) CircuitState.HalfOpen(cause, isTrying = true) else this

    is CircuitState.HalfOpen -> when (step) {
        is CircuitStep.Succeeded -> if (step.isTrial) CircuitState.Closed() else this
        is CircuitStep.Failed -> if (step.isTrial) CircuitState.Open(step.cause, step.now) else this
        is CircuitStep.Abandoned -> if (step.isTrial) copy(isTrying = false) else this
        CircuitStep.Try -> copy(isTrying = true)
    }
}
