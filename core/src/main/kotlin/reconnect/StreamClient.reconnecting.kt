@file:JvmName("Reconnecting")

package io.hawser.reconnect

import io.hawser.StreamClient

/**
 * A client that stays connected as this one connects. It holds nothing until it is started.
 *
 * @sample io.hawser.samples.documentation.reconnectingClient
 */
@JvmOverloads
public fun StreamClient.reconnecting(options: LinkOptions = LinkOptions()): ReconnectingClient = ReconnectingClient(listOf(this), options)

/**
 * A client that stays connected to one of these: each attempt is made with the next of them, in turn, beginning with the first.
 *
 * @throws IllegalArgumentException if there is none.
 */
@JvmOverloads
public fun List<StreamClient>.reconnecting(options: LinkOptions = LinkOptions()): ReconnectingClient {
    require(isNotEmpty()) { "there is no client to stay connected with" }
    return ReconnectingClient(toList(), options)
}
