package io.hawser.framing

import io.hawser.orInfinite
import io.hawser.orNull
import io.hawser.requireAtLeastOne
import io.hawser.requirePositive
import kotlin.time.Duration

/**
 * How a [Session] queues and waits. Immutable: `SessionOptions { receiveTimeout = 30.seconds }` in Kotlin,
 * `SessionOptions.builder().receiveTimeout(Duration.ofSeconds(30)).build()` in Java.
 *
 * | option | default | |
 * |---|---|---|
 * | [maxMessages] | 64 | messages that wait to leave |
 * | [maxBytes] | 1 MiB | bytes of them together; one message always has a place |
 * | `sendTimeout` | none | how long a message may take to leave once its turn has come: [io.hawser.WriteTimeout], and the connection is aborted |
 * | `receiveTimeout` | none | how long a whole message may take to come: [io.hawser.ReadTimeout], and the session goes on if its block does |
 */
public class SessionOptions private constructor(from: Builder) {
    public val maxMessages: Int = from.maxMessages.also { requireAtLeastOne("maxMessages", it) }
    public val maxBytes: Int = from.maxBytes.also { requireAtLeastOne("maxBytes", it) }

    /**
     * How long a message may take to leave once its turn has come, also for a [io.hawser.ConnectionOptions.writeRate] that holds it back: it
     * should be longer than the largest message takes at that rate.
     */
    @get:JvmSynthetic
    public val sendTimeout: Duration = from.sendTimeout.also { requirePositive("sendTimeout", it) }

    /** How long a whole message may take to come. */
    @get:JvmSynthetic
    public val receiveTimeout: Duration = from.receiveTimeout.also { requirePositive("receiveTimeout", it) }

    /** For Java: see `sendTimeout`. */
    @JvmName("getSendTimeout")
    public fun sendTimeoutAsJava(): java.time.Duration? = sendTimeout.orNull()

    /** For Java: see `receiveTimeout`. */
    @JvmName("getReceiveTimeout")
    public fun receiveTimeoutAsJava(): java.time.Duration? = receiveTimeout.orNull()

    override fun toString(): String =
        "SessionOptions(maxMessages=$maxMessages, maxBytes=$maxBytes, sendTimeout=$sendTimeout, receiveTimeout=$receiveTimeout)"

    /** Collects options; [build] checks them. Not for use by several threads at once. */
    public class Builder internal constructor() {
        /** See [SessionOptions.maxMessages]. */
        @get:JvmSynthetic
        @set:JvmSynthetic
        public var maxMessages: Int = 64

        /** See [SessionOptions.maxBytes]. */
        @get:JvmSynthetic
        @set:JvmSynthetic
        public var maxBytes: Int = 1024 * 1024

        /** See [SessionOptions.sendTimeout]. */
        @get:JvmSynthetic
        @set:JvmSynthetic
        public var sendTimeout: Duration = Duration.INFINITE

        /** See [SessionOptions.receiveTimeout]. */
        @get:JvmSynthetic
        @set:JvmSynthetic
        public var receiveTimeout: Duration = Duration.INFINITE

        /** See [SessionOptions.maxMessages]. */
        public fun maxMessages(value: Int): Builder = apply { maxMessages = value }

        /** See [SessionOptions.maxBytes]. */
        public fun maxBytes(value: Int): Builder = apply { maxBytes = value }

        /** See [SessionOptions.sendTimeout]; null for none. */
        public fun sendTimeout(value: java.time.Duration?): Builder = apply { sendTimeout = value.orInfinite() }

        /** See [SessionOptions.receiveTimeout]; null for none. */
        public fun receiveTimeout(value: java.time.Duration?): Builder = apply { receiveTimeout = value.orInfinite() }

        /** @throws IllegalArgumentException naming the option and its value. */
        public fun build(): SessionOptions = SessionOptions(this)
    }

    public companion object {
        /** The options with what [block] changes. */
        @JvmSynthetic
        public operator fun invoke(block: Builder.() -> Unit = {}): SessionOptions = Builder().apply(block).build()

        /** For Java. */
        @JvmStatic
        public fun builder(): Builder = Builder()
    }
}
