package io.hawser.broker

import kotlinx.coroutines.flow.Flow

/**
 * What a provider answers, for as long as the exchange lasts that it has been given to.
 *
 * @property headers what came with it, in the provider's order.
 * @property body for one collector, once. What its collector has taken is what the provider may send more of: who is slow slows it down. It
 *   fails as the request does, behind what had come before.
 */
public class Reply internal constructor(public val headers: Map<String, String>, public val body: Flow<ByteArray>)
