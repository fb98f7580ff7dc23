@file:OptIn(TransportApi::class)

package io.hawser.testkit.fault

import io.hawser.CloseReason
import io.hawser.Connection
import io.hawser.ConnectionClosed
import io.hawser.ConnectionLost
import io.hawser.StreamClient
import io.hawser.transport.TransportApi
import java.io.IOException
import kotlinx.coroutines.Job
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.launch

/** One connection through a proxy: [inbound] from the client, and another to the server behind it. */
internal class Link(private val inbound: Connection, private val faults: LiveFaults, seed: Long) {
    private val clock = Clock.of(inbound.transport.loop)
    private val toServer = Lane(faults, 2 * seed, clock, ::reset)
    private val toClient = Lane(faults, 2 * seed + 1, clock, ::reset)

    /** Completed when the proxy has ended the connection. */
    private val over = Job()

    @Volatile
    private var outbound: Connection? = null

    /** Connects to the server and carries both ways until both have ended or one breaks; a reset is passed on. */
    suspend fun run(server: StreamClient) {
        toServer.begin()
        toClient.begin()
        try {
            server.connect { connection ->
                outbound = connection
                // Cut while we connected.
                if (!inbound.isOpen) return@connect connection.abort()
                carry(connection)
            }
        } catch (_: IOException) {
            // Refused, cut, or closed: either way there is nothing left to carry.
            reset()
        }
    }

    /** Ends the direction to the server behind what is on its way. */
    fun endToServer(): Unit = toServer.end()

    /** Ends the direction to the client behind what is on its way. */
    fun endToClient(): Unit = toClient.end()

    fun close() {
        inbound.close()
        outbound?.close()
        over.complete()
    }

    fun reset() {
        inbound.abort()
        outbound?.abort()
        over.complete()
    }

    /** Cuts the connection once [bytes] more have passed in one direction. */
    fun cutAfter(bytes: Long) {
        toServer.cutAfter(bytes)
        toClient.cutAfter(bytes)
    }

    /** Corrupts the byte behind the next [bytes] of each direction. */
    fun corruptAfter(bytes: Long) {
        toServer.corruptAfter(bytes)
        toClient.corruptAfter(bytes)
    }

    private suspend fun carry(connection: Connection) {
        try {
            coroutineScope {
                // A lane that waits for its credit or for sound touches no connection: it does not notice that they are gone.
                val end = launch {
                    over.join()
                    throw ConnectionClosed(connection.endpoint, CloseReason.Local)
                }
                coroutineScope {
                    launch { toServer.carry(inbound, connection, toClient) }
                    toClient.carry(connection, inbound, toServer)
                }
                end.cancel()
            }
        } catch (e: IOException) {
            if (e is ConnectionLost) awaitSound()
            reset()
            throw e
        }
    }

    /** Nothing gets through a silent network, not even a reset; but the proxy itself may end the connection. */
    private suspend fun awaitSound() = coroutineScope {
        val sound = launch {
            faults.awaitSound()
            over.complete()
        }
        over.join()
        sound.cancel()
    }
}
