package io.hawser.micrometer

import io.kotest.assertions.nondeterministic.eventually
import io.kotest.matchers.shouldBe
import io.micrometer.core.instrument.Meter
import io.micrometer.core.instrument.MockClock
import io.micrometer.core.instrument.simple.SimpleConfig
import io.micrometer.core.instrument.simple.SimpleMeterRegistry
import java.time.Duration
import kotlin.time.Duration.Companion.seconds

/** A registry whose clock stands still unless it is moved. */
internal class Metering {
    val clock = MockClock()
    val registry = SimpleMeterRegistry(SimpleConfig.DEFAULT, clock)

    val names: Set<String> get() = registry.meters.map { it.id.name }.toSet()

    /** The first value of the only meter of that name with those tags, a moment after any other has been looked at. */
    fun value(name: String, vararg tags: String): Double {
        clock.add(Duration.ofSeconds(1))
        return registry.get(name).tags(*tags).meter().measure().first().value
    }

    /** Waits until [value] is [expected], which has happened, or is about to. */
    suspend fun awaitValue(expected: Number, name: String, vararg tags: String) = eventually(60.seconds) {
        value(name, *tags) shouldBe expected.toDouble()
    }

    suspend fun awaitNothing() = eventually(60.seconds) { names shouldBe emptySet() }
}

internal fun Meter.Id.tagNames(): List<String> = tags.map { it.key }
