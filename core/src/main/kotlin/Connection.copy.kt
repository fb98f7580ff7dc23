@file:JvmName("Connections")

package io.hawser

import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.currentCoroutineContext
import kotlinx.coroutines.ensureActive
import kotlinx.coroutines.launch

/**
 * Writes everything that comes in from here to [destination], until the end of the stream, and returns how many bytes. Neither
 * connection is closed or ended.
 *
 * Cancelling it loses nothing that was not yet on its way: what was read and not written is put back.
 */
public suspend fun Connection.copyTo(destination: Connection): Long {
    var total = 0L
    while (true) {
        val chunk = input.next() ?: return total
        val size = chunk.remaining()
        try {
            destination.write(chunk)
        } catch (e: Throwable) {
            input.unread(chunk)
            throw e
        }
        input.giveBack(chunk)
        total += size
    }
}

/**
 * Copies both ways between [first] and [second] until both have ended, and passes each end on: a peer that ends its direction still
 * gets the other's answer. Neither connection is closed.
 *
 * If one direction fails, both connections are aborted and the failure is thrown: an end would tell a peer that it has got everything.
 * Cancelling it aborts nothing but a write that had begun.
 */
public suspend fun relay(first: Connection, second: Connection) {
    try {
        coroutineScope {
            launch {
                first.copyTo(second)
                second.shutdownOutput()
            }
            second.copyTo(first)
            first.shutdownOutput()
        }
    } catch (e: Throwable) {
        currentCoroutineContext().ensureActive()
        first.abort()
        second.abort()
        throw e
    }
}
