package io.hawser.server

import io.hawser.EventLoopClosed
import io.hawser.ServerOptions
import io.hawser.event.Events
import io.hawser.event.Refusal
import io.hawser.event.ServerEvent
import io.hawser.transport.AcceptedInVain
import io.hawser.transport.Listener
import io.hawser.transport.RawStream
import io.hawser.transport.TransportApi
import java.nio.channels.ClosedChannelException
import kotlin.time.Duration
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.nanoseconds
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.Job
import kotlinx.coroutines.selects.select
import kotlinx.coroutines.withTimeoutOrNull
import org.slf4j.LoggerFactory

/**
 * Accepts until [stopping] completes, whoever [doorkeeper] lets in. One connection that cannot be accepted ends nothing: the loop
 * pauses, for 5 ms, then twice as long each time up to a second, because at the descriptor limit `accept` fails at once, and again at
 * once.
 */
@OptIn(TransportApi::class)
internal class AcceptLoop(
    private val listener: Listener,
    private val doorkeeper: Doorkeeper,
    private val connections: Connections,
    private val stopping: Job,
    private val events: Events,
    options: ServerOptions,
) {
    private val rate = if (options.acceptRate == Int.MAX_VALUE) null else Rate(options.acceptRate)

    /**
     * Hands each stream that is let in to [accepted], which must not throw, and returns when [stopping] has completed and the listener
     * was closed.
     *
     * @throws EventLoopClosed if the listener's loop ends.
     */
    suspend fun run(accepted: (RawStream) -> Unit) {
        var pause = FIRST_PAUSE
        while (true) {
            awaitTurn()
            if (!stopping.isActive) return
            try {
                val stream = listener.accept()
                pause = FIRST_PAUSE
                rate?.take(listener.loop.nanoTime())
                when (val refusal = doorkeeper.refusal(stream)) {
                    null -> accepted(stream)
                    else -> refuse(stream, refusal)
                }
            } catch (e: EventLoopClosed) {
                throw e
            } catch (e: CancellationException) {
                throw e
            } catch (e: AcceptedInVain) {
                rate?.take(listener.loop.nanoTime())
                failed(e)
            } catch (e: Throwable) {
                // At the descriptor limit not even a class can be loaded, which is an Error.
                if (e is ClosedChannelException && !stopping.isActive) return
                failed(e)
                sleep(pause)
                pause = minOf(pause * 2, LONGEST_PAUSE)
            }
        }
    }

    /** Waits until the next may come, or until none may. */
    private suspend fun awaitTurn() {
        while (doorkeeper.pausesWhenFull && doorkeeper.isFull && stopping.isActive) {
            select {
                stopping.onJoin { }
                connections.freed.onReceive { }
            }
        }
        while (rate != null && stopping.isActive) {
            val wait = rate.untilNext(listener.loop.nanoTime())
            if (wait == 0L) return
            sleep(wait.nanoseconds)
        }
    }

    private fun failed(cause: Throwable) {
        events.publish { ServerEvent.AcceptFailed(listener.address, cause) }
        log.debug("{} could not accept", listener, cause)
    }

    private fun refuse(stream: RawStream, refusal: Refusal) {
        // Whoever sees the end may count on being counted.
        connections.refused()
        stream.close()
        events.publish { ServerEvent.Refused(listener.address, stream.remote, refusal) }
    }

    private suspend fun sleep(duration: Duration) {
        withTimeoutOrNull(duration) { stopping.join() }
    }

    private companion object {
        val FIRST_PAUSE: Duration = 5.milliseconds
        val LONGEST_PAUSE: Duration = 1.seconds
        val log = LoggerFactory.getLogger(AcceptLoop::class.java)
    }
}
