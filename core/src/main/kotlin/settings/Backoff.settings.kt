@file:OptIn(SettingsApi::class)

package io.hawser.settings

import io.hawser.KotlinOnly
import io.hawser.reconnect.Backoff
import kotlin.reflect.KMutableProperty1
import kotlin.time.Duration
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds

/** The backoffs that can be written. */
internal enum class BackoffShape { Exponential, Constant, Immediate, Never }

/** A [Backoff] as it is being put together. */
@SettingsApi
public class BackoffPlan internal constructor() {
    internal var kind: BackoffShape = BackoffShape.Exponential
    internal var first: Duration = 100.milliseconds
    internal var ceiling: Duration = 30.seconds
    internal var factor: Double = 2.0
    internal var jittered: Boolean = true
    internal var upTo: Int = Int.MAX_VALUE

    /** @throws IllegalArgumentException naming what contradicts what. */
    public fun build(): Backoff {
        val plain = when (kind) {
            BackoffShape.Exponential -> Backoff.exponential(first, ceiling, factor)
            BackoffShape.Constant -> Backoff.constant(first)
            BackoffShape.Immediate -> Backoff.immediate
            BackoffShape.Never -> Backoff.never
        }
        val spread = if (jittered) plain.jittered() else plain
        return Planned(this, if (upTo == Int.MAX_VALUE) spread else spread.upTo(upTo))
    }

    /** A copy. */
    private fun copy(): BackoffPlan = BackoffPlan().also {
        it.kind = kind
        it.first = first
        it.ceiling = ceiling
        it.factor = factor
        it.jittered = jittered
        it.upTo = upTo
    }

    private class Planned(val plan: BackoffPlan, backoff: Backoff) : Backoff by backoff

    public companion object {
        /** What [backoff] was made of, if it was of a plan. */
        public fun of(backoff: Backoff): BackoffPlan? = (backoff as? Planned)?.plan?.copy()

        /** What can be written of one. */
        public val schema: Schema<BackoffPlan> = schema {
            setting(BackoffPlan::kind, Kinds.enum(), "how the wait grows; constant ones wait for `first`")
            setting(BackoffPlan::first, Kinds.duration, "the wait after the first failure")
            setting(BackoffPlan::ceiling, Kinds.duration, "the longest wait")
            setting(BackoffPlan::factor, Kinds.double(least = 1.0), "how many times as long after each further failure")
            setting(BackoffPlan::jittered, Kinds.boolean, "whether any part of it is waited for, so that not all come back at once")
            setting(BackoffPlan::upTo, Kinds.int(0..Int.MAX_VALUE).or("none", Int.MAX_VALUE), "failures in a row before it gives up")
        }
    }
}

/** The table of the option [property]. */
@SettingsApi
@KotlinOnly
public fun <B : Any> SchemaBuilder<B>.backoff(property: KMutableProperty1<in B, Backoff>, about: String): Unit =
    group(
        kebab(property.name),
        about,
        BackoffPlan.schema,
        options = setOf(property.name),
        open = { BackoffPlan.of(property.get(it)) },
        fresh = { BackoffPlan() },
        close = { builder, plan -> property.set(builder, plan.build()) },
    )
