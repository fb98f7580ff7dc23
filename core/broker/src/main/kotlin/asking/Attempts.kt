package io.hawser.broker.asking

import io.hawser.broker.Body
import io.hawser.broker.BodyTooLarge
import io.hawser.broker.BrokerFailure
import io.hawser.broker.BrokerLeaving
import io.hawser.broker.ConsumerOptions
import io.hawser.broker.HeadersTooLarge
import io.hawser.broker.NotAdmitted
import io.hawser.broker.RequestFailed
import io.hawser.broker.RequestTimeout
import io.hawser.broker.link.Members
import io.hawser.broker.requirePositive
import io.hawser.broker.wire.Frame
import io.hawser.broker.wire.HeaderBlock
import io.hawser.transport.TransportApi
import io.hawser.transport.dispatched
import java.util.UUID
import kotlin.time.Duration
import kotlin.time.Duration.Companion.nanoseconds
import kotlin.time.toJavaDuration
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.delay
import kotlinx.coroutines.launch
import kotlinx.coroutines.withTimeoutOrNull

/** Asks on [channel], over whichever of [members] is connected, and again where the [options] want that. */
@OptIn(TransportApi::class)
internal class Attempts(private val channel: UUID, private val options: ConsumerOptions, val members: Members<Asking>) {
    /**
     * Sends [body], has [take] take the reply, and returns what that returns. What fails before [take] has called what it is given, because
     * it hands something of the reply out, is asked again if it may be.
     */
    suspend fun <R> run(
        body: Body,
        timeout: Duration,
        headers: Map<String, String>,
        idempotent: Boolean,
        take: suspend (Call, handOut: () -> Unit) -> R,
    ): R {
        requirePositive("timeout", timeout)
        val flags = (if (idempotent) Frame.IDEMPOTENT else 0) or (if (options.waitForProvider) Frame.WAIT else 0)
        val question = Question(body, HeaderBlock.of(headers), flags)
        body.ensureThere()
        return Course(question, timeout, idempotent, mayRetry = true, take).run()
    }

    /** Asks the library of a provider whether it is there, and returns how long that took. */
    suspend fun probe(timeout: Duration): Duration {
        requirePositive("timeout", timeout)
        val question = Question(Body.of(ByteArray(0)), HeaderBlock.EMPTY, Frame.PROBE)
        return Course(question, timeout, idempotent = true, mayRetry = false) { call, _ ->
            call.reply()
            call.elapsed
        }.run()
    }

    /** One request, with all its attempts. */
    private inner class Course<R>(
        private val question: Question,
        private val timeout: Duration,
        private val idempotent: Boolean,
        private val mayRetry: Boolean,
        private val take: suspend (Call, handOut: () -> Unit) -> R,
    ) {
        private val clock = members.clock
        private val began = clock()
        private var failures = 0
        private var last: BrokerFailure? = null
        private var mayHaveRun = false
        private var isHandedOut = false

        /** The body has been begun with. */
        private var isTaken = false

        /** It has failed by itself, with whatever that was. */
        private var isBroken = false

        suspend fun run(): R {
            while (true) {
                val session = members.current() ?: members.await(left().coerceAtLeast(Duration.ZERO)) ?: throw late()
                session.requireRoom(question.headers)
                val left = left()
                if (!left.isPositive()) throw late()
                val isLast = left <= options.attemptTimeout
                val limit = if (isLast) timeout else options.attemptTimeout
                val opened = session.open(question, minOf(left, options.attemptTimeout), limit) ?: continue
                try {
                    return converse(opened)
                } catch (failure: BrokerFailure) {
                    if (isHandedOut || isBroken) throw failure
                    again(failure, isLast)
                }
            }
        }

        private suspend fun converse(opened: Asking.Opened): R = try {
            if (opened.isSent) take(opened.call, ::handOut) else converseWhileSending(opened)
        } finally {
            opened.call.close()
        }

        /** Who sends first, and takes the reply then, may wait for a provider that waits for him. */
        private suspend fun converseWhileSending(opened: Asking.Opened): R = coroutineScope {
            val sending = launch {
                isTaken = true
                try {
                    opened.call.send(question.body, opened.rest)
                } catch (e: CancellationException) {
                    throw e
                } catch (e: Throwable) {
                    isBroken = true
                    throw e
                }
            }
            take(opened.call, ::handOut).also { sending.cancel() }
        }

        private fun handOut() {
            isHandedOut = true
        }

        /** Returns when it is time to ask again; throws [failure], or what it has become, if it is not to be. */
        private suspend fun again(failure: BrokerFailure, isLast: Boolean) {
            last?.let { if (it !== failure) failure.addSuppressed(it) }
            last = failure
            mayHaveRun = mayHaveRun || failure.mayHaveRun
            val canBe = (question.body.isRepeatable || !isTaken) && (!failure.mayHaveRun || idempotent)
            if (!canBe) throw failure
            if (failure is BrokerLeaving) return
            val isFinal = when (failure) {
                is RequestFailed, is BodyTooLarge, is NotAdmitted, is HeadersTooLarge -> true
                is RequestTimeout -> isLast
                else -> false
            }
            if (!mayRetry || isFinal) throw failure
            val delay = delayAfter(failure)
            if (delay == null || delay >= left()) throw failure
            dispatched { delay(delay) }
        }

        /** What the policy says, which may take its time, but no more than there is. */
        private suspend fun delayAfter(failure: BrokerFailure): Duration? {
            var delay: Duration? = null
            var isDecided = false
            dispatched {
                withTimeoutOrNull(left()) {
                    delay = options.retry.delayAfter(++failures, failure)
                    isDecided = true
                }
            }
            if (!isDecided) throw late()
            return delay
        }

        private fun left(): Duration = timeout - (clock() - began).nanoseconds

        private fun late() = RequestTimeout(channel, timeout.toJavaDuration(), mayHaveRun).also { late ->
            (last ?: members.lastFailure)?.let(late::addSuppressed)
        }
    }
}
