package io.hawser.broker.routing

import java.util.UUID

/**
 * Who answers on which channel. A broker asks one for every request, and gives back each place that it got: in its own process by default.
 * Another one may know of providers that are connected to other brokers: its targets then forward over whatever lies between.
 *
 * All of it may be called by any thread, and returns at once.
 */
@RoutingApi
public interface Router : AutoCloseable {
    /** [target] answers on [channel], until what is returned is closed, which may happen twice. */
    public fun register(channel: UUID, target: RequestTarget): AutoCloseable

    /** Who is to get a request on [channel], with a place of his taken. */
    public fun choose(channel: UUID): Choice

    /** Gives back the place of [chosen]: his request has ended. Once for each. */
    public fun release(chosen: Choice.Chosen)

    /** Gives back the place of [chosen], who has not taken the request because he is gone: he is not chosen any more. */
    public fun gone(chosen: Choice.Chosen)

    /** Tells [listener], and nobody else, of each channel where there may be more room, or nobody, than before; without locks. */
    public fun onChange(listener: ChannelListener)

    /** Nobody asks any more. */
    override fun close() {}
}

/** See [Router.onChange]. */
@RoutingApi
public fun interface ChannelListener {
    /** There may be more room on [channel] than before, or nobody any more. It must not wait. */
    public fun changed(channel: UUID)
}

/** See [Router.choose]. */
@RoutingApi
public sealed interface Choice {
    /** It is for [target], one place of whose is taken. */
    public open class Chosen(public val target: RequestTarget) : Choice

    /** All who answer there have as much as they can take. */
    public object Full : Choice

    /** Nobody answers there. */
    public object Nobody : Choice
}
