package io.hawser.reconnect

import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe
import java.io.IOException
import kotlin.time.TimeSource

/** Every step from every state. */
class CircuitStateSpec : StringSpec({
    val cause = IOException("refused")
    val now = TimeSource.Monotonic.markNow()
    val open = CircuitState.Open(cause, now)

    fun CircuitState.then(step: CircuitStep) = after(step, failures = 2)

    "a closed circuit counts failures in a row, and opens" {
        val one = CircuitState.Closed(1)
        CircuitState.Closed().then(CircuitStep.Failed(false, cause, now)) shouldBe one
        one.then(CircuitStep.Succeeded(false)) shouldBe CircuitState.Closed(0)
        one.then(CircuitStep.Abandoned(false)) shouldBe one
        (one.then(CircuitStep.Failed(false, cause, now)) as CircuitState.Open).cause shouldBe cause
    }

    "an open circuit waits for somebody to try" {
        for (late in listOf(CircuitStep.Failed(false, cause, now), CircuitStep.Succeeded(false), CircuitStep.Abandoned(false))) {
            open.then(late) shouldBe open
        }
        open.then(CircuitStep.Try) shouldBe CircuitState.HalfOpen(cause, isTrying = true)
    }

    "a half-open circuit heeds nobody but who tries" {
        val trying = CircuitState.HalfOpen(cause, isTrying = true)
        for (late in listOf(CircuitStep.Failed(false, cause, now), CircuitStep.Succeeded(false), CircuitStep.Abandoned(false))) {
            trying.then(late) shouldBe trying
        }
        trying.then(CircuitStep.Succeeded(true)) shouldBe CircuitState.Closed(0)
        val other = IOException("other")
        (trying.then(CircuitStep.Failed(true, other, now)) as CircuitState.Open).cause shouldBe other
        val waiting = trying.then(CircuitStep.Abandoned(true))
        waiting shouldBe CircuitState.HalfOpen(cause, isTrying = false)
        waiting.then(CircuitStep.Try) shouldBe trying
    }
})
