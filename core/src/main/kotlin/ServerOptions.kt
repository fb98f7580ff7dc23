package io.hawser

import kotlin.coroutines.CoroutineContext
import kotlin.coroutines.EmptyCoroutineContext
import kotlinx.coroutines.Job

/**
 * How a server listens, whom it lets in, and how it runs its handlers. Immutable: `ServerOptions { maxConnections = 10_000 }` in
 * Kotlin, `ServerOptions.builder().maxConnections(10_000).build()` in Java.
 *
 * | option | default | |
 * |---|---|---|
 * | [backlog] | 511 | connections the kernel holds until they are accepted |
 * | [maxConnections] | no limit | connections at a time |
 * | [whenFull] | [WhenFull.Refuse] | what happens to those over [maxConnections] |
 * | [maxConnectionsPerHost] | no limit | connections at a time from one internet address, or one /64 of IPv6; more are refused |
 * | [acceptRate] | no limit | connections per second; who comes faster waits in the backlog |
 * | [acceptRatePerHost] | no limit | connections per second from one internet address, or one /64 of IPv6; who comes faster is refused |
 * | [totalReadRate] | no limit | bytes per second that all connections together may bring; the others wait with the peers |
 * | [totalWriteRate] | no limit | bytes per second that all connections together may take; the others wait here |
 * | [admission] | [Admission.everyone] | who is let in, asked as soon as somebody has connected |
 * | [admissionClasses] | none | who has places of his own within [maxConnections], the most important first |
 * | [admissionAfterHandshake] | [Admission.everyone] | who is let in, asked once the layers have said who it is |
 * | [onDrain] | [OnDrain.AwaitHandlers] | what `shutdown` does to connections |
 * | [handlerContext] | empty | added to the context of every handler; a dispatcher in it moves handlers off their loop |
 *
 * The others are those of [ConnectionOptions].
 *
 * @sample io.hawser.samples.documentation.serverOptions
 */
public class ServerOptions private constructor(from: Builder) : ConnectionOptions(from) {
    /** How many connections the kernel holds until they are accepted; it may hold fewer (`net.core.somaxconn`). At least 1. */
    public val backlog: Int = from.backlog.also { requireAtLeastOne("backlog", it) }

    /** How many connections there may be at a time. At least 1. */
    public val maxConnections: Int = from.maxConnections.also { requireAtLeastOne("maxConnections", it) }

    /** What happens to those over [maxConnections]. */
    public val whenFull: WhenFull = from.whenFull

    /**
     * How many connections there may be at a time from one internet address. The addresses of a /64 of IPv6 count as one: a host may have
     * them all. At least 1.
     */
    public val maxConnectionsPerHost: Int = from.maxConnectionsPerHost.also { requireAtLeastOne("maxConnectionsPerHost", it) }

    /** How many connections are accepted per second, as many as that at once after a pause. At least 1. */
    public val acceptRate: Int = from.acceptRate.also { requireAtLeastOne("acceptRate", it) }

    /**
     * How many connections are accepted per second from one internet address, as many as that at once after a pause; who comes faster is
     * refused. What one address is, is as for [maxConnectionsPerHost]. At least 1.
     */
    public val acceptRatePerHost: Int = from.acceptRatePerHost.also { requireAtLeastOne("acceptRatePerHost", it) }

    /**
     * How many bytes per second all connections together may bring, from when they have shaken hands; they take turns. As `readRate` for
     * each, which holds as well. At least 1.
     */
    public val totalReadRate: Long = from.totalReadRate.also { requireAtLeastOne("totalReadRate", it) }

    /** The same as [totalReadRate] for what is written. At least 1. */
    public val totalWriteRate: Long = from.totalWriteRate.also { requireAtLeastOne("totalWriteRate", it) }

    /** Who is let in, asked as soon as somebody has connected. */
    public val admission: Admission = from.admission

    /**
     * Who has places of his own within [maxConnections], the most important first: the places that the classes before somebody's own have
     * reserved and do not use are not for him ([io.hawser.event.Refusal.Reserved]), and who is in no class comes last. He is of the first
     * one whose rule admits him. With [WhenFull.Pause] only those wait who come when there is no place at all.
     *
     * The names are distinct, and no more places are reserved than [maxConnections].
     */
    public val admissionClasses: List<AdmissionClass> = from.admissionClasses.toList().also { classes ->
        classes.groupBy { it.name }.values.firstOrNull { it.size > 1 }?.let {
            throw IllegalArgumentException("admissionClasses has ${it.size} called ${it.first().name}")
        }
        val reserved = classes.sumOf { it.reserved.toLong() }
        require(reserved == 0L || maxConnections < Int.MAX_VALUE) { "admissionClasses reserve $reserved places of no maxConnections" }
        require(reserved <= maxConnections) { "admissionClasses reserve $reserved of $maxConnections maxConnections" }
    }

    /**
     * Who is let in, asked once the layers, such as TLS, have shaken hands and added to the candidate what they know. Like [admission] it is
     * asked on the event loop, whatever [handlerContext] is.
     */
    public val admissionAfterHandshake: Admission = from.admissionAfterHandshake

    /** What `shutdown` does to connections. */
    public val onDrain: OnDrain = from.onDrain

    /**
     * Added to the context of every handler. A dispatcher here moves handlers off their event loop, which blocking code needs.
     * A [Job] has no place in it: a handler belongs to its server.
     */
    public val handlerContext: CoroutineContext = from.handlerContext.also {
        require(it[Job] == null) { "handlerContext has a Job: ${it[Job]}" }
    }

    /** A builder that begins with these options. */
    public fun toBuilder(): Builder = Builder().also {
        it.beginWith(this)
        it.backlog = backlog
        it.maxConnections = maxConnections
        it.whenFull = whenFull
        it.maxConnectionsPerHost = maxConnectionsPerHost
        it.acceptRate = acceptRate
        it.acceptRatePerHost = acceptRatePerHost
        it.totalReadRate = totalReadRate
        it.totalWriteRate = totalWriteRate
        it.admission = admission
        it.admissionClasses = admissionClasses
        it.admissionAfterHandshake = admissionAfterHandshake
        it.onDrain = onDrain
        it.handlerContext = handlerContext
    }

    /** The names of those that a running server keeps to, and that are others in [other]. */
    internal fun startOnly(other: ServerOptions, hasLayers: Boolean): List<String> =
        listOf(ServerOptions::backlog).namesWhereDiffer(this, other) + startOnly(other as ConnectionOptions) +
            if (hasLayers) listOf(ServerOptions::closeTimeout).namesWhereDiffer(this, other) else emptyList()

    override fun toString(): String = "ServerOptions(backlog=$backlog, maxConnections=$maxConnections, whenFull=$whenFull, " +
        "maxConnectionsPerHost=$maxConnectionsPerHost, acceptRate=$acceptRate, acceptRatePerHost=$acceptRatePerHost, " +
        "totalReadRate=$totalReadRate, totalWriteRate=$totalWriteRate, admission=$admission, admissionClasses=$admissionClasses, " +
        "admissionAfterHandshake=$admissionAfterHandshake, onDrain=$onDrain, handlerContext=$handlerContext, ${describe()})"

    /** Collects options; [build] checks them. Not for use by several threads at once. */
    public class Builder internal constructor() : ConnectionOptions.Builder<Builder>() {
        /** See [ServerOptions.backlog]. */
        @get:JvmSynthetic
        @set:JvmSynthetic
        public var backlog: Int = 511

        /** See [ServerOptions.maxConnections]. */
        @get:JvmSynthetic
        @set:JvmSynthetic
        public var maxConnections: Int = Int.MAX_VALUE

        /** See [ServerOptions.whenFull]. */
        @get:JvmSynthetic
        @set:JvmSynthetic
        public var whenFull: WhenFull = WhenFull.Refuse

        /** See [ServerOptions.maxConnectionsPerHost]. */
        @get:JvmSynthetic
        @set:JvmSynthetic
        public var maxConnectionsPerHost: Int = Int.MAX_VALUE

        /** See [ServerOptions.acceptRate]. */
        @get:JvmSynthetic
        @set:JvmSynthetic
        public var acceptRate: Int = Int.MAX_VALUE

        /** See [ServerOptions.acceptRatePerHost]. */
        @get:JvmSynthetic
        @set:JvmSynthetic
        public var acceptRatePerHost: Int = Int.MAX_VALUE

        /** See [ServerOptions.totalReadRate]. */
        @get:JvmSynthetic
        @set:JvmSynthetic
        public var totalReadRate: Long = Long.MAX_VALUE

        /** See [ServerOptions.totalWriteRate]. */
        @get:JvmSynthetic
        @set:JvmSynthetic
        public var totalWriteRate: Long = Long.MAX_VALUE

        /** See [ServerOptions.admission]. */
        @get:JvmSynthetic
        @set:JvmSynthetic
        public var admission: Admission = Admission.everyone

        /** See [ServerOptions.admissionClasses]. */
        @get:JvmSynthetic
        @set:JvmSynthetic
        public var admissionClasses: List<AdmissionClass> = emptyList()

        /** See [ServerOptions.admissionAfterHandshake]. */
        @get:JvmSynthetic
        @set:JvmSynthetic
        public var admissionAfterHandshake: Admission = Admission.everyone

        /** See [ServerOptions.onDrain]. */
        @get:JvmSynthetic
        @set:JvmSynthetic
        public var onDrain: OnDrain = OnDrain.AwaitHandlers

        /** See [ServerOptions.handlerContext]. */
        @get:JvmSynthetic
        @set:JvmSynthetic
        public var handlerContext: CoroutineContext = EmptyCoroutineContext

        override val self: Builder get() = this

        /** See [ServerOptions.backlog]. */
        public fun backlog(value: Int): Builder = apply { backlog = value }

        /** See [ServerOptions.maxConnections]. */
        public fun maxConnections(value: Int): Builder = apply { maxConnections = value }

        /** See [ServerOptions.whenFull]. */
        public fun whenFull(value: WhenFull): Builder = apply { whenFull = value }

        /** See [ServerOptions.maxConnectionsPerHost]. */
        public fun maxConnectionsPerHost(value: Int): Builder = apply { maxConnectionsPerHost = value }

        /** See [ServerOptions.acceptRate]. */
        public fun acceptRate(value: Int): Builder = apply { acceptRate = value }

        /** See [ServerOptions.acceptRatePerHost]. */
        public fun acceptRatePerHost(value: Int): Builder = apply { acceptRatePerHost = value }

        /** See [ServerOptions.totalReadRate]. */
        public fun totalReadRate(value: Long): Builder = apply { totalReadRate = value }

        /** See [ServerOptions.totalWriteRate]. */
        public fun totalWriteRate(value: Long): Builder = apply { totalWriteRate = value }

        /** See [ServerOptions.admission]. */
        public fun admission(value: Admission): Builder = apply { admission = value }

        /** See [ServerOptions.admissionClasses]. */
        public fun admissionClasses(value: List<AdmissionClass>): Builder = apply { admissionClasses = value }

        /** See [ServerOptions.admissionAfterHandshake]. */
        public fun admissionAfterHandshake(value: Admission): Builder = apply { admissionAfterHandshake = value }

        /** See [ServerOptions.onDrain]. */
        public fun onDrain(value: OnDrain): Builder = apply { onDrain = value }

        /** See [ServerOptions.handlerContext]. */
        public fun handlerContext(value: CoroutineContext): Builder = apply { handlerContext = value }

        /** @throws IllegalArgumentException naming the option and its value. */
        public fun build(): ServerOptions = ServerOptions(this)
    }

    public companion object {
        /** The options with what [block] changes. */
        @JvmSynthetic
        public operator fun invoke(block: Builder.() -> Unit = {}): ServerOptions = Builder().apply(block).build()

        /** For Java. */
        @JvmStatic
        public fun builder(): Builder = Builder()
    }
}
