package io.hawser.unix

import io.hawser.ConnectFailed
import io.hawser.Endpoint
import io.hawser.transport.TransportApi
import java.io.IOException
import kotlin.time.Duration.Companion.milliseconds
import kotlinx.coroutines.delay

/** A server that lives has no room for one more. The kernel says so at once, where TCP would wait for a while. */
internal class BacklogFull(cause: IOException? = null) : IOException("the server has no room in its backlog", cause)

/**
 * Does [connect] until it does not throw [BacklogFull], after pauses from a millisecond to 50. Whoever gives up meanwhile has been told of
 * the reason, by [failed].
 */
@OptIn(TransportApi::class)
internal suspend fun <T> untilThereIsRoom(endpoint: Endpoint, failed: (ConnectFailed) -> Unit, connect: suspend () -> T): T {
    var pause = SHORTEST
    while (true) {
        try {
            return connect()
        } catch (e: BacklogFull) {
            if (pause == SHORTEST) failed(ConnectFailed(endpoint, ConnectFailed.Reason.Refused, e.message.orEmpty(), e))
        }
        delay(pause)
        pause = minOf(pause * 2, LONGEST)
    }
}

private val SHORTEST = 1.milliseconds
private val LONGEST = 50.milliseconds
