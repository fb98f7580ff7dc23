@file:JvmName("Pooling")

package io.hawser.reconnect

import io.hawser.StreamClient

/**
 * A pool of connections as this client makes them. It holds nothing until it is started.
 *
 * @sample io.hawser.samples.documentation.pooledClient
 */
@JvmOverloads
public fun StreamClient.pooled(options: PoolOptions = PoolOptions()): Pool = Pool(this, options)
