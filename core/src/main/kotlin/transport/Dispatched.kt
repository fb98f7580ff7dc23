package io.hawser.transport

import io.hawser.KotlinOnly

/**
 * Runs [block] where the caller is, or on Dispatchers.Default if the caller would go on in the thread of whoever wakes it, an event loop for
 * instance: for what suspends without a transport beneath it. Cancelled on the way back it drops what [block] has returned.
 */
@TransportApi
@KotlinOnly
public suspend fun <T> dispatched(block: suspend () -> T): T = io.hawser.dispatched(block)
