package io.hawser.broker.link

import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe
import kotlin.time.Duration.Companion.milliseconds
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeoutOrNull

/** Whether it has been raised; then it is not any more. */
private fun Signal.isRaised(): Boolean = runBlocking { withTimeoutOrNull(50.milliseconds) { await() } != null }

class RousingSpec : StringSpec({
    "what happens together wakes whoever is concerned at its end, and once" {
        val signals = List(2) { Signal() }
        Rousing.together {
            repeat(2) { signals.forEach(Rousing::raise) }
            signals.map { it.isRaised() } shouldBe listOf(false, false)
        }
        signals.map { it.isRaised() } shouldBe listOf(true, true)
        signals.map { it.isRaised() } shouldBe listOf(false, false)
    }

    "what fails wakes them too" {
        val signal = Signal()
        shouldThrow<NoSuchElementException> {
            Rousing.together {
                Rousing.raise(signal)
                throw NoSuchElementException()
            }
        }
        signal.isRaised() shouldBe true
    }

    "what happens by itself wakes at once" {
        val signal = Signal()
        Rousing.raise(signal)
        signal.isRaised() shouldBe true
    }
})
