package io.hawser.messaging

import java.time.ZoneId
import java.time.ZoneOffset

/**
 * What a [MessageHub] allows and keeps. Immutable: `HubOptions { maxClients = 100 }` in Kotlin,
 * `HubOptions.builder().maxClients(100).build()` in Java.
 *
 * | option | default | |
 * |---|---|---|
 * | [maxClients] | 1 000 | more are told so, and turned away |
 * | [allowClientSend] | on | whether clients may send anything but CONTROL |
 * | [backlog] | 100 | messages that are kept while nobody is connected, the oldest dropped first |
 * | [replay] | 0 | how many of the last messages everybody gets who comes, whether somebody has had them or not |
 * | [maxQueuedMessages] | 1 024 | messages that wait for one client |
 * | [maxQueuedBytes] | 8 MiB | bytes of them together |
 * | [whenSlow] | [WhenSlow.DropOldest] | what happens to messages for a client whose queue is full |
 * | [maxReceived] | 1 024 | messages of clients that wait to be taken from [MessageHub.received] |
 * | [maxReceivedBytes] | 16 MiB | about what they take together in memory |
 * | [whenReceivedFull] | [WhenSlow.DropOldest] | what happens to those over it; [WhenSlow.Suspend] has their senders wait, and their pings too |
 * | [endMalformed] | off | whether a client that sends what is no message is disconnected |
 * | [maxFrame] | 1 MiB | the longest message in bytes, both ways; at least 512, for what the hub itself has to say |
 * | [zone] | UTC | of the times in messages |
 */
public class HubOptions private constructor(from: Builder) {
    public val maxClients: Int = from.maxClients.also { require(it >= 1) { "maxClients < 1: $it" } }
    public val allowClientSend: Boolean = from.allowClientSend
    public val backlog: Int = from.backlog.also { require(it >= 0) { "backlog < 0: $it" } }
    public val replay: Int = from.replay.also { require(it >= 0) { "replay < 0: $it" } }
    public val maxQueuedMessages: Int = from.maxQueuedMessages.also { require(it >= 1) { "maxQueuedMessages < 1: $it" } }
    public val maxQueuedBytes: Int = from.maxQueuedBytes.also { require(it >= 1) { "maxQueuedBytes < 1: $it" } }
    public val whenSlow: WhenSlow = from.whenSlow
    public val maxReceived: Int = from.maxReceived.also { require(it >= 1) { "maxReceived < 1: $it" } }
    public val maxReceivedBytes: Int = from.maxReceivedBytes.also { require(it >= 1) { "maxReceivedBytes < 1: $it" } }
    public val whenReceivedFull: WhenSlow = from.whenReceivedFull
    public val endMalformed: Boolean = from.endMalformed
    public val maxFrame: Int = from.maxFrame.also { require(it >= SMALLEST_FRAME) { "maxFrame < $SMALLEST_FRAME: $it" } }
    public val zone: ZoneId = from.zone

    override fun toString(): String = "HubOptions(maxClients=$maxClients, allowClientSend=$allowClientSend, backlog=$backlog, " +
        "replay=$replay, maxQueuedMessages=$maxQueuedMessages, maxQueuedBytes=$maxQueuedBytes, whenSlow=$whenSlow, " +
        "maxReceived=$maxReceived, maxReceivedBytes=$maxReceivedBytes, whenReceivedFull=$whenReceivedFull, endMalformed=$endMalformed, maxFrame=$maxFrame, zone=$zone)"

    /** Collects options; [build] checks them. Not for use by several threads at once. */
    public class Builder internal constructor() {
        /** See [HubOptions.maxClients]. */
        @get:JvmSynthetic
        @set:JvmSynthetic
        public var maxClients: Int = 1_000

        /** See [HubOptions.allowClientSend]. */
        @get:JvmSynthetic
        @set:JvmSynthetic
        public var allowClientSend: Boolean = true

        /** See [HubOptions.backlog]. */
        @get:JvmSynthetic
        @set:JvmSynthetic
        public var backlog: Int = 100

        /** See [HubOptions.replay]. */
        @get:JvmSynthetic
        @set:JvmSynthetic
        public var replay: Int = 0

        /** See [HubOptions.maxQueuedMessages]. */
        @get:JvmSynthetic
        @set:JvmSynthetic
        public var maxQueuedMessages: Int = 1_024

        /** See [HubOptions.maxQueuedBytes]. */
        @get:JvmSynthetic
        @set:JvmSynthetic
        public var maxQueuedBytes: Int = 8 * 1024 * 1024

        /** See [HubOptions.whenSlow]. */
        @get:JvmSynthetic
        @set:JvmSynthetic
        public var whenSlow: WhenSlow = WhenSlow.DropOldest

        /** See [HubOptions.maxReceived]. */
        @get:JvmSynthetic
        @set:JvmSynthetic
        public var maxReceived: Int = 1_024

        /** See [HubOptions.maxReceivedBytes]. */
        @get:JvmSynthetic
        @set:JvmSynthetic
        public var maxReceivedBytes: Int = 16 * 1024 * 1024

        /** See [HubOptions.whenReceivedFull]. */
        @get:JvmSynthetic
        @set:JvmSynthetic
        public var whenReceivedFull: WhenSlow = WhenSlow.DropOldest

        /** See [HubOptions.endMalformed]. */
        @get:JvmSynthetic
        @set:JvmSynthetic
        public var endMalformed: Boolean = false

        /** See [HubOptions.maxFrame]. */
        @get:JvmSynthetic
        @set:JvmSynthetic
        public var maxFrame: Int = 1024 * 1024

        /** See [HubOptions.zone]. */
        @get:JvmSynthetic
        @set:JvmSynthetic
        public var zone: ZoneId = ZoneOffset.UTC

        /** See [HubOptions.maxClients]. */
        public fun maxClients(value: Int): Builder = apply { maxClients = value }

        /** See [HubOptions.allowClientSend]. */
        public fun allowClientSend(value: Boolean): Builder = apply { allowClientSend = value }

        /** See [HubOptions.backlog]. */
        public fun backlog(value: Int): Builder = apply { backlog = value }

        /** See [HubOptions.replay]. */
        public fun replay(value: Int): Builder = apply { replay = value }

        /** See [HubOptions.maxQueuedMessages]. */
        public fun maxQueuedMessages(value: Int): Builder = apply { maxQueuedMessages = value }

        /** See [HubOptions.maxQueuedBytes]. */
        public fun maxQueuedBytes(value: Int): Builder = apply { maxQueuedBytes = value }

        /** See [HubOptions.whenSlow]. */
        public fun whenSlow(value: WhenSlow): Builder = apply { whenSlow = value }

        /** See [HubOptions.maxReceived]. */
        public fun maxReceived(value: Int): Builder = apply { maxReceived = value }

        /** See [HubOptions.maxReceivedBytes]. */
        public fun maxReceivedBytes(value: Int): Builder = apply { maxReceivedBytes = value }

        /** See [HubOptions.whenReceivedFull]. */
        public fun whenReceivedFull(value: WhenSlow): Builder = apply { whenReceivedFull = value }

        /** See [HubOptions.endMalformed]. */
        public fun endMalformed(value: Boolean): Builder = apply { endMalformed = value }

        /** See [HubOptions.maxFrame]. */
        public fun maxFrame(value: Int): Builder = apply { maxFrame = value }

        /** See [HubOptions.zone]. */
        public fun zone(value: ZoneId): Builder = apply { zone = value }

        /** @throws IllegalArgumentException naming the option and its value. */
        public fun build(): HubOptions = HubOptions(this)
    }

    public companion object {
        /** The options with what [block] changes. */
        @JvmSynthetic
        public operator fun invoke(block: Builder.() -> Unit = {}): HubOptions = Builder().apply(block).build()

        /** For Java. */
        @JvmStatic
        public fun builder(): Builder = Builder()

        private const val SMALLEST_FRAME = 512
    }
}
