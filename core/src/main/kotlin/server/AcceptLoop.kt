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
    private val options: LiveOptions<ServerOptions>,
    private val trouble: Trouble,
) {
    private var rate: Rate? = null

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
                trouble.over()
                rate?.take(listener.loop.nanoTime())
                if (!awaitRoomFor(stream)) return
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
                trouble.failed(e)
                failed(e)
                sleep(pause)
                pause = minOf(pause * 2, LONGEST_PAUSE)
            }
        }
    }

    /** Waits until the next may come, or until none may. */
    private suspend fun awaitTurn() {
        awaitRoom()
        while (stopping.isActive) {
            val wait = rateNow()?.untilNext(listener.loop.nanoTime()) ?: return
            if (wait == 0L) return
            sleep(wait.nanoseconds)
        }
    }

    private suspend fun awaitRoom() {
        while (doorkeeper.pausesWhenFull && doorkeeper.isFull && stopping.isActive) {
            select {
                stopping.onJoin { }
                connections.changed.onReceive { }
            }
        }
    }

    /** Has [stream] wait too if the limit has fallen since we began to wait for it. Whether there is going to be room; else it is closed. */
    private suspend fun awaitRoomFor(stream: RawStream): Boolean {
        if (!doorkeeper.pausesWhenFull) return true
        var comesIn = false
        try {
            awaitRoom()
            comesIn = stopping.isActive || !doorkeeper.isFull
        } finally {
            if (!comesIn) stream.close()
        }
        return comesIn
    }

    /** The bucket of the rate that counts now, another one when that has changed. */
    private fun rateNow(): Rate? {
        val perSecond = options.now.acceptRate
        if (rate?.perSecond != perSecond) rate = Rate.of(perSecond)
        return rate
    }

    private fun failed(cause: Throwable) {
        events.publish { ServerEvent.AcceptFailed(listener.address, cause) }
        log.debug("{} could not accept", listener, cause)
    }

    private fun refuse(stream: RawStream, refusal: Refusal) {
        // Whoever sees the end may count on being counted.
        connections.refused(refusal)
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
