package io.hawser.reconnect

import io.hawser.WhenQueueFull
import io.hawser.requireAtLeastOne

/**
 * What a [ReconnectingClient] keeps of what is sent while it is not connected. Immutable.
 *
 * | option | default | |
 * |---|---|---|
 * | [maxMessages] | 1 024 | messages that wait |
 * | [maxBytes] | 8 MiB | bytes of them together |
 * | [whenFull] | [WhenQueueFull.DropNewest] | what happens to those over either |
 */
public class OutboxOptions private constructor(from: Builder) {
    public val maxMessages: Int = from.maxMessages.also { requireAtLeastOne("maxMessages", it) }
    public val maxBytes: Int = from.maxBytes.also { requireAtLeastOne("maxBytes", it) }
    public val whenFull: WhenQueueFull = from.whenFull

    override fun toString(): String = "OutboxOptions(maxMessages=$maxMessages, maxBytes=$maxBytes, whenFull=$whenFull)"

    /** Collects options; [build] checks them. Not for use by several threads at once. */
    public class Builder internal constructor() {
        /** See [OutboxOptions.maxMessages]. */
        @get:JvmSynthetic
        @set:JvmSynthetic
        public var maxMessages: Int = 1024

        /** See [OutboxOptions.maxBytes]. */
        @get:JvmSynthetic
        @set:JvmSynthetic
        public var maxBytes: Int = 8 * 1024 * 1024

        /** See [OutboxOptions.whenFull]. */
        @get:JvmSynthetic
        @set:JvmSynthetic
        public var whenFull: WhenQueueFull = WhenQueueFull.DropNewest

        /** See [OutboxOptions.maxMessages]. */
        public fun maxMessages(value: Int): Builder = apply { maxMessages = value }

        /** See [OutboxOptions.maxBytes]. */
        public fun maxBytes(value: Int): Builder = apply { maxBytes = value }

        /** See [OutboxOptions.whenFull]. */
        public fun whenFull(value: WhenQueueFull): Builder = apply { whenFull = value }

        /** @throws IllegalArgumentException naming the option and its value. */
        public fun build(): OutboxOptions = OutboxOptions(this)
    }

    public companion object {
        /** The options with what [block] changes. */
        @JvmSynthetic
        public operator fun invoke(block: Builder.() -> Unit = {}): OutboxOptions = Builder().apply(block).build()

        /** For Java. */
        @JvmStatic
        public fun builder(): Builder = Builder()
    }
}
