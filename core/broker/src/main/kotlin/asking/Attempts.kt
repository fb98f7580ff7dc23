@file:OptIn(ExperimentalHawserApi::class)

package io.hawser.broker.asking

import io.hawser.Endpoint
import io.hawser.ExperimentalHawserApi
import io.hawser.broker.Body
import io.hawser.broker.BodyTooLarge
import io.hawser.broker.BrokerFailure
import io.hawser.broker.BrokerLeaving
import io.hawser.broker.ConsumerOptions
import io.hawser.broker.HeadersTooLarge
import io.hawser.broker.NotAdmitted
import io.hawser.broker.ObservedRequest
import io.hawser.broker.RequestFailed
import io.hawser.broker.RequestTimeout
import io.hawser.broker.link.Members
import io.hawser.broker.requirePositive
import io.hawser.broker.wire.Frame
import io.hawser.broker.wire.HeaderBlock
import io.hawser.reconnect.LinkStopped
import io.hawser.transport.TransportApi
import io.hawser.transport.dispatched
import java.util.UUID
import kotlin.time.Duration
import kotlin.time.Duration.Companion.nanoseconds
import kotlin.time.toJavaDuration
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.currentCoroutineContext
import kotlinx.coroutines.delay
import kotlinx.coroutines.ensureActive
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
        val observer = options.observer ?: return ask(body, timeout, headers, idempotent, null, take)
        return observed(observer.asking(channel, headers), body, timeout, headers, idempotent, take)
    }

    private suspend fun <R> observed(
        observed: ObservedRequest,
        body: Body,
        timeout: Duration,
        headers: Map<String, String>,
        idempotent: Boolean,
        take: suspend (Call, handOut: () -> Unit) -> R,
    ): R {
        val result = try {
            ask(body, timeout, headers, idempotent, observed, take)
        } catch (e: Throwable) {
            e.andOf { observed.ended(e) }
            throw e
        }
        observed.endedWell()
        return result
    }

    private suspend fun <R> ask(
        body: Body,
        timeout: Duration,
        headers: Map<String, String>,
        idempotent: Boolean,
        observed: ObservedRequest?,
        take: suspend (Call, handOut: () -> Unit) -> R,
    ): R {
        requirePositive("timeout", timeout)
        val flags = (if (idempotent) Frame.IDEMPOTENT else 0) or (if (options.waitForProvider) Frame.WAIT else 0)
        val question = observed?.question(body, headers, flags) ?: Question(body, HeaderBlock.of(headers), flags)
        body.ensureThere()
        return Course(question, timeout, idempotent, mayRetry = true, observed, take).run()
    }

    /** Asks the library of a provider whether it is there, and returns how long that took. */
    suspend fun probe(timeout: Duration): Duration {
        requirePositive("timeout", timeout)
        val question = Question(Body.of(ByteArray(0)), HeaderBlock.EMPTY, Frame.PROBE)
        return Course(question, timeout, idempotent = true, mayRetry = false, observed = null) { call, _ ->
            call.reply()
            call.elapsed
        }.run()
    }

    /** One request, with all its attempts. */
    private inner class Course<R>(
        private var question: Question,
        private val timeout: Duration,
        private val idempotent: Boolean,
        private val mayRetry: Boolean,
        private val observed: ObservedRequest?,
        private val take: suspend (Call, handOut: () -> Unit) -> R,
    ) {
        private val clock = members.clock
        private val began = clock()
        private var failures = 0
        private var attempts = 0
        private var last: BrokerFailure? = null

        /** The last failure of an attempt that may have run. */
        private var begun: BrokerFailure? = null
        private var isHandedOut = false

        /** For how long an attempt may take: what is asked once only has all the time. */
        private val attemptTimeout = if (mayRetry) options.attemptTimeout else Duration.INFINITE

        /** The body has been begun with. */
        private var isTaken = false

        /** It has failed by itself, with whatever that was. */
        private var isBroken = false

        /** The reply has been taken. */
        @Volatile
        private var isDone = false

        suspend fun run(): R {
            while (true) {
                currentCoroutineContext().ensureActive()
                val session = session()
                val left = left()
                if (!left.isPositive()) throw late()
                val isLast = left <= attemptTimeout
                val limit = if (isLast) timeout else attemptTimeout
                val opened = session.open(question, minOf(left, attemptTimeout), limit) ?: continue
                try {
                    return converse(opened, session.endpoint)
                } catch (failure: BrokerFailure) {
                    failure.andOf { observed?.attemptFailed(attempts, failure) }
                    if (isHandedOut || isBroken) throw failure
                    again(failure, isLast)
                }
            }
        }

        private suspend fun session(): Asking = try {
            val session = members.current() ?: members.await(left().coerceAtLeast(Duration.ZERO)) ?: throw late()
            session.also(::requireRoom)
        } catch (e: HeadersTooLarge) {
            throw outcome(e, last)
        } catch (e: LinkStopped) {
            throw e.with(last)
        }

        private fun requireRoom(session: Asking) {
            val bare = if (session.hasRoom(question.headers)) null else question.bare()
            if (bare != null) {
                question = bare
                observed?.headersLeftOut()
            }
            session.requireRoom(question.headers)
        }

        private suspend fun converse(opened: Asking.Opened, broker: Endpoint): R = try {
            observed?.attempt(++attempts, broker)
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
                    // The reply is there: how the body takes it to be stopped changes nothing.
                    if (isDone) return@launch
                    isBroken = true
                    throw e
                }
            }
            take(opened.call, ::handOut).also {
                isDone = true
                sending.cancel()
            }
        }

        private fun handOut() {
            isHandedOut = true
        }

        /** Returns when it is time to ask again; throws [failure], or what it has become, if it is not to be. */
        private suspend fun again(failure: BrokerFailure, isLast: Boolean) {
            val before = last
            last = failure
            val canBe = mayRetry && (question.body.isRepeatable || !isTaken) && (!failure.mayHaveRun || idempotent)
            if (!canBe) throw outcome(failure, before)
            if (failure.mayHaveRun) begun = failure
            if (failure is BrokerLeaving) return
            val isFinal = when (failure) {
                is RequestFailed, is BodyTooLarge, is NotAdmitted, is HeadersTooLarge -> true
                is RequestTimeout -> isLast
                else -> false
            }
            if (isFinal) throw outcome(failure, before)
            val delay = delayAfter(failure)
            if (delay == null || delay >= left()) throw outcome(failure, before)
            dispatched { delay(delay) }
        }

        /** What is thrown for [failure], behind [before]: if an earlier attempt may have run, it does not deny that. */
        private fun outcome(failure: BrokerFailure, before: BrokerFailure?): BrokerFailure {
            val begun = begun
            return if (begun == null || failure.mayHaveRun) failure.with(before) else begun.with(failure)
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

        private fun late() = RequestTimeout(channel, timeout.toJavaDuration(), mayHaveRun = begun != null).with(last ?: members.lastFailure)
    }
}

/** This one, in which [other] is suppressed. */
private fun <T : Throwable> T.with(other: Throwable?): T = apply { if (other != null && other !== this) addSuppressed(other) }
