package io.hawser

import io.hawser.engine.EventLoopGroup
import kotlin.coroutines.CoroutineContext
import kotlin.coroutines.EmptyCoroutineContext

/**
 * How a server listens and runs its handlers. Immutable: `ServerOptions { backlog = 1_024 }` in Kotlin,
 * `ServerOptions.builder().backlog(1024).build()` in Java.
 *
 * | option | default | |
 * |---|---|---|
 * | [backlog] | 511 | connections the kernel holds until they are accepted |
 * | [handlerContext] | empty | added to the context of every handler; a dispatcher in it moves handlers off their loop |
 * | [group] | [EventLoopGroup.shared] | the loops that accept, read and write |
 */
public class ServerOptions private constructor(from: Builder) {
    /** How many connections the kernel holds until they are accepted; it may hold fewer (`net.core.somaxconn`). At least 1. */
    public val backlog: Int = from.backlog.also { require(it >= 1) { "backlog < 1: $it" } }

    /**
     * Added to the context of every handler. A dispatcher here moves handlers off their event loop, which blocking code needs.
     * A [kotlinx.coroutines.Job] has no place in it: a handler belongs to its server.
     */
    public val handlerContext: CoroutineContext = from.handlerContext.also {
        require(it[kotlinx.coroutines.Job] == null) { "handlerContext has a Job: ${it[kotlinx.coroutines.Job]}" }
    }

    /** The loops that accept, read and write, or null for [EventLoopGroup.shared]. */
    public val group: EventLoopGroup? = from.group

    override fun toString(): String = "ServerOptions(backlog=$backlog, handlerContext=$handlerContext, group=${group ?: "shared"})"

    /** Collects options; [build] checks them. Not for use by several threads at once. */
    public class Builder internal constructor() {
        /** See [ServerOptions.backlog]. */
        @get:JvmSynthetic
        @set:JvmSynthetic
        public var backlog: Int = 511

        /** See [ServerOptions.handlerContext]. */
        @get:JvmSynthetic
        @set:JvmSynthetic
        public var handlerContext: CoroutineContext = EmptyCoroutineContext

        /** See [ServerOptions.group]. */
        @get:JvmSynthetic
        @set:JvmSynthetic
        public var group: EventLoopGroup? = null

        /** See [ServerOptions.backlog]. */
        public fun backlog(value: Int): Builder = apply { backlog = value }

        /** See [ServerOptions.handlerContext]. */
        public fun handlerContext(value: CoroutineContext): Builder = apply { handlerContext = value }

        /** See [ServerOptions.group]. */
        public fun group(value: EventLoopGroup): Builder = apply { group = value }

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
