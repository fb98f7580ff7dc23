package io.hawser.testkit.fault

import io.hawser.DatagramClient
import io.hawser.PeerUnreachable
import java.io.IOException
import java.net.SocketAddress
import kotlin.time.Duration
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.nanoseconds
import kotlinx.coroutines.cancelChildren
import kotlinx.coroutines.delay
import kotlinx.coroutines.launch

/** The way of one [client] through a proxy of datagrams: a socket of its own to the server, and back. */
internal class Route(
    val client: SocketAddress,
    private val faults: LiveDatagramFaults,
    seed: Long,
    private val clock: Clock,
    private val answer: suspend (ByteArray) -> Unit,
) {
    private val toServer = DatagramLane(faults, 2 * seed, clock)
    private val toClient = DatagramLane(faults, 2 * seed + 1, clock)

    /** When the last datagram came, from either side. */
    @Volatile
    var lastActive: Long = clock.nanoTime()
        private set

    /** Takes in a datagram of the client's. */
    fun offer(bytes: ByteArray) {
        lastActive = clock.nanoTime()
        toServer.offer(bytes)
    }

    /** How long nothing has come, while nothing is on its way. */
    fun idleTime(): Duration =
        if (toServer.isEmpty && toClient.isEmpty) (clock.nanoTime() - lastActive).coerceAtLeast(0).nanoseconds else Duration.ZERO

    /** Carries both ways until [retires] says yes after [idleTimeout], or the socket fails. */
    suspend fun run(server: DatagramClient, idleTimeout: Duration, retires: () -> Boolean) {
        try {
            server.open { socket ->
                launch { toServer.carry { socket.send(it) } }
                launch { toClient.carry(answer) }
                launch {
                    while (true) {
                        val datagram = try {
                            socket.receive()
                        } catch (_: PeerUnreachable) {
                            continue
                        }
                        lastActive = clock.nanoTime()
                        if (datagram.isCut) faults.lost() else toClient.offer(datagram.bytes)
                    }
                }
                do {
                    delay(maxOf(idleTimeout - idleTime(), SHORTEST_PAUSE))
                } while (!retires())
                coroutineContext.cancelChildren()
            }
        } catch (_: IOException) {
            // The client's next datagram opens another way.
        }
    }

    /** Nothing that is on its way is going to arrive. */
    fun discard() {
        toServer.discard()
        toClient.discard()
    }

    private companion object {
        val SHORTEST_PAUSE = 10.milliseconds
    }
}
