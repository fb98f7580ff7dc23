package io.hawser.server

import io.hawser.EventLoopClosed
import io.hawser.event.Events
import io.hawser.event.ServerEvent
import io.hawser.transport.Listener
import io.hawser.transport.RawStream
import io.hawser.transport.TransportApi
import java.nio.channels.ClosedChannelException
import kotlin.time.Duration
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.Job
import kotlinx.coroutines.withTimeoutOrNull
import org.slf4j.LoggerFactory

/**
 * Accepts until [stopping] completes. One connection that cannot be accepted ends nothing: the loop pauses, for 5 ms, then twice as long
 * each time up to a second, because at the descriptor limit `accept` fails at once, and again at once.
 */
@OptIn(TransportApi::class)
internal class AcceptLoop(private val listener: Listener, private val stopping: Job, private val events: Events) {
    /**
     * Hands each stream to [accepted], which must not throw, and returns when [stopping] has completed and the listener was closed.
     *
     * @throws EventLoopClosed if the listener's loop ends.
     */
    suspend fun run(accepted: (RawStream) -> Unit) {
        var pause = FIRST_PAUSE
        while (stopping.isActive) {
            try {
                accepted(listener.accept())
                pause = FIRST_PAUSE
            } catch (e: EventLoopClosed) {
                throw e
            } catch (e: CancellationException) {
                throw e
            } catch (e: Exception) {
                if (e is ClosedChannelException && !stopping.isActive) return
                events.publish { ServerEvent.AcceptFailed(listener.address, e) }
                log.debug("{} could not accept, and tries again in {}", listener, pause, e)
                withTimeoutOrNull(pause) { stopping.join() }
                pause = minOf(pause * 2, LONGEST_PAUSE)
            }
        }
    }

    private companion object {
        val FIRST_PAUSE: Duration = 5.milliseconds
        val LONGEST_PAUSE: Duration = 1.seconds
        val log = LoggerFactory.getLogger(AcceptLoop::class.java)
    }
}
