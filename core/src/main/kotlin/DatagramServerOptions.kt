package io.hawser

import kotlin.coroutines.CoroutineContext
import kotlin.coroutines.EmptyCoroutineContext
import kotlin.time.Duration
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.Job

/** What a server of datagrams does with one more than its queue holds. Either way it is counted and published. */
public enum class WhenQueueFull {
    /** Drops the datagram that has just come. */
    DropNewest,

    /** Drops the datagram that has waited longest. */
    DropOldest,
}

/**
 * How a server of datagrams receives and answers. Immutable: `DatagramServerOptions { concurrency = 16 }` in Kotlin,
 * `DatagramServerOptions.builder().concurrency(16).build()` in Java.
 *
 * | option | default | |
 * |---|---|---|
 * | [concurrency] | 1 | handlers at a time; with one, datagrams are handled in the order in which they came |
 * | [queueCount] | 1 024 | datagrams that wait for a handler |
 * | [queueBytes] | 8 MiB | the bytes of those together |
 * | [whenQueueFull] | [WhenQueueFull.DropNewest] | what happens to those over either |
 * | [replyRate] | no limit | replies per second, as many as that at once after a pause; more are dropped |
 * | `replyTimeout` | 5 s | for as long a reply waits for room; then it is dropped |
 * | [admission] | [Admission.everyone] | whose datagrams are handled |
 * | [handlerContext] | empty | added to the context of every handler; a dispatcher in it moves handlers off the loop |
 *
 * The others are those of [DatagramOptions].
 */
public class DatagramServerOptions private constructor(from: Builder) : DatagramOptions(from) {
    /** How many handlers run at a time. At least 1. */
    public val concurrency: Int = from.concurrency.also { requireAtLeastOne("concurrency", it) }

    /** How many datagrams wait for a handler. At least 1. */
    public val queueCount: Int = from.queueCount.also { requireAtLeastOne("queueCount", it) }

    /** How many bytes those have together; one datagram always has a place. At least 1. */
    public val queueBytes: Int = from.queueBytes.also { requireAtLeastOne("queueBytes", it) }

    /** What happens to those over [queueCount] or [queueBytes]. */
    public val whenQueueFull: WhenQueueFull = from.whenQueueFull

    /**
     * How many replies a second may leave. Senders of datagrams are easily forged, and what answers them can be made to flood somebody,
     * or to answer another such server for ever (CVE-2024-2169). At least 1.
     */
    public val replyRate: Int = from.replyRate.also { requireAtLeastOne("replyRate", it) }

    /**
     * How long a reply waits for whom it is for, such as a Unix socket whose queue is full, before it is dropped. Over zero; with few
     * handlers at a time ([concurrency]) it is how long one peer can keep the others waiting.
     */
    @get:JvmSynthetic
    public val replyTimeout: Duration = from.replyTimeout.also { requirePositive("replyTimeout", it) }

    /** For Java: see `replyTimeout`. */
    @JvmName("getReplyTimeout")
    public fun replyTimeoutAsJava(): java.time.Duration? = replyTimeout.orNull()

    /** Whose datagrams are handled; those of others are dropped, counted and published. */
    public val admission: Admission = from.admission

    /**
     * Added to the context of every handler. A dispatcher here moves handlers off the event loop, which blocking code needs.
     * A [Job] has no place in it: a handler belongs to its server.
     */
    public val handlerContext: CoroutineContext = from.handlerContext.also {
        require(it[Job] == null) { "handlerContext has a Job: ${it[Job]}" }
    }

    /** A builder that begins with these options. */
    public fun toBuilder(): Builder = Builder().also {
        it.beginWith(this)
        it.concurrency = concurrency
        it.queueCount = queueCount
        it.queueBytes = queueBytes
        it.whenQueueFull = whenQueueFull
        it.replyRate = replyRate
        it.replyTimeout = replyTimeout
        it.admission = admission
        it.handlerContext = handlerContext
    }

    override fun toString(): String = "DatagramServerOptions(concurrency=$concurrency, queueCount=$queueCount, queueBytes=$queueBytes, " +
        "whenQueueFull=$whenQueueFull, replyRate=$replyRate, replyTimeout=$replyTimeout, admission=$admission, handlerContext=$handlerContext, ${describe()})"

    /** Collects options; [build] checks them. Not for use by several threads at once. */
    public class Builder internal constructor() : DatagramOptions.Builder<Builder>() {
        /** See [DatagramServerOptions.concurrency]. */
        @get:JvmSynthetic
        @set:JvmSynthetic
        public var concurrency: Int = 1

        /** See [DatagramServerOptions.queueCount]. */
        @get:JvmSynthetic
        @set:JvmSynthetic
        public var queueCount: Int = 1024

        /** See [DatagramServerOptions.queueBytes]. */
        @get:JvmSynthetic
        @set:JvmSynthetic
        public var queueBytes: Int = 8 * 1024 * 1024

        /** See [DatagramServerOptions.whenQueueFull]. */
        @get:JvmSynthetic
        @set:JvmSynthetic
        public var whenQueueFull: WhenQueueFull = WhenQueueFull.DropNewest

        /** See [DatagramServerOptions.replyRate]. */
        @get:JvmSynthetic
        @set:JvmSynthetic
        public var replyRate: Int = Int.MAX_VALUE

        /** See [DatagramServerOptions.replyTimeout]. */
        @get:JvmSynthetic
        @set:JvmSynthetic
        public var replyTimeout: Duration = 5.seconds

        /** See [DatagramServerOptions.admission]. */
        @get:JvmSynthetic
        @set:JvmSynthetic
        public var admission: Admission = Admission.everyone

        /** See [DatagramServerOptions.handlerContext]. */
        @get:JvmSynthetic
        @set:JvmSynthetic
        public var handlerContext: CoroutineContext = EmptyCoroutineContext

        override val self: Builder get() = this

        /** See [DatagramServerOptions.concurrency]. */
        public fun concurrency(value: Int): Builder = apply { concurrency = value }

        /** See [DatagramServerOptions.queueCount]. */
        public fun queueCount(value: Int): Builder = apply { queueCount = value }

        /** See [DatagramServerOptions.queueBytes]. */
        public fun queueBytes(value: Int): Builder = apply { queueBytes = value }

        /** See [DatagramServerOptions.whenQueueFull]. */
        public fun whenQueueFull(value: WhenQueueFull): Builder = apply { whenQueueFull = value }

        /** See [DatagramServerOptions.replyRate]. */
        public fun replyRate(value: Int): Builder = apply { replyRate = value }

        /** See [DatagramServerOptions.replyTimeout]; null for none. */
        public fun replyTimeout(value: java.time.Duration?): Builder = apply { replyTimeout = value.orInfinite() }

        /** See [DatagramServerOptions.admission]. */
        public fun admission(value: Admission): Builder = apply { admission = value }

        /** See [DatagramServerOptions.handlerContext]. */
        public fun handlerContext(value: CoroutineContext): Builder = apply { handlerContext = value }

        /** @throws IllegalArgumentException naming the option and its value. */
        public fun build(): DatagramServerOptions = DatagramServerOptions(this)
    }

    public companion object {
        /** The options with what [block] changes. */
        @JvmSynthetic
        public operator fun invoke(block: Builder.() -> Unit = {}): DatagramServerOptions = Builder().apply(block).build()

        /** For Java. */
        @JvmStatic
        public fun builder(): Builder = Builder()
    }
}
