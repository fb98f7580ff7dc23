package io.hawser.broker.asking

import io.hawser.MalformedFrame
import io.hawser.broker.Body
import io.hawser.broker.BrokerLeaving
import io.hawser.broker.BrokerLost
import io.hawser.broker.HeadersTooLarge
import io.hawser.broker.NoProvider
import io.hawser.broker.NotAdmitted
import io.hawser.broker.Overloaded
import io.hawser.broker.ProviderLost
import io.hawser.broker.Reply
import io.hawser.broker.RequestFailed
import io.hawser.broker.RequestTimeout
import io.hawser.broker.Role
import io.hawser.broker.link.BodyInbox
import io.hawser.broker.link.BodySender
import io.hawser.broker.link.Credit
import io.hawser.broker.link.Lane
import io.hawser.broker.link.Signal
import io.hawser.broker.wire.Code
import io.hawser.broker.wire.Frame
import io.hawser.broker.wire.HeaderBlock
import io.hawser.broker.wire.Violation
import io.hawser.broker.wire.limit
import java.nio.ByteBuffer
import kotlin.time.Duration
import kotlin.time.Duration.Companion.nanoseconds
import kotlin.time.toJavaDuration
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.currentCoroutineContext
import kotlinx.coroutines.ensureActive

/**
 * One attempt of a request, which has been opened in [lane] with the first [opening] bytes of its body. Frames come on the loop; who
 * asks calls from anywhere.
 *
 * @property deadline the instant of the loop's clock when it is over, or null if only the broker knows.
 * @param limit what has run out then, for who asks.
 */
internal class Call(
    private val asking: Asking,
    private val lane: Lane,
    opening: Int,
    val deadline: Long?,
    private val limit: Duration,
) {
    private val hello = asking.hello
    private val outbound = asking.outbound
    private val began = asking.now()
    private val credit = Credit(hello.window - opening)
    private val sender = BodySender(outbound, lane, credit, hello.maxFrame, sent = opening.toLong())
    private val inbox = BodyInbox(hello.window) { outbound.grant(lane, it) }
    private val answered = Signal()

    /** Written on the loop only. */
    @Volatile
    private var headers: HeaderBlock? = null

    @Volatile
    private var failure: Throwable? = null

    /** The broker says nothing more of it, and is told nothing. */
    private var isEnded = false
    private var isExpired = false

    /** For how long it has been asked. */
    val elapsed: Duration get() = (asking.now() - began).nanoseconds

    /** Sends [bytes], for which there is credit, and which are the rest of the body. */
    fun finish(bytes: ByteBuffer) {
        credit.spend(bytes.remaining())
        sender.sendNow(bytes)
        sender.end()
    }

    /** Sends the rest of [body], as far as anybody wants it. */
    suspend fun send(body: Body, from: ByteBuffer?) {
        try {
            val isWanted = if (from != null) sender.send(from) else sender.sendAll(body.pieces)
            if (isWanted) sender.end()
        } catch (e: CancellationException) {
            currentCoroutineContext().ensureActive()
            throw IllegalStateException("the body has been cancelled while it was sent", e)
        }
    }

    /** Suspends until there is a reply; its body may still be coming. Throws what the request failed with. */
    suspend fun reply(): Reply {
        while (true) {
            headers?.let { return Reply(it.read(asking.endpoint), inbox) }
            failure?.let { throw it }
            answered.await()
        }
    }

    /** Nobody wants it any more. Idempotent. */
    fun close() {
        asking.forget(lane.id)
        outbound.abandon(lane, Code.PEACE)
        credit.close()
        inbox.drop { IllegalStateException("the reply belongs to an exchange that is over") }
    }

    /** Returns false if it is over, and [frame] is late. */
    fun hear(frame: Frame): Boolean {
        if (isEnded) return false
        when (frame) {
            is Frame.Reply -> hearReply(frame)

            is Frame.Chunk -> take(frame)

            is Frame.End -> {
                requireReply(frame)
                end(frame.total)
            }

            is Frame.Error -> {
                outbound.forget(lane)
                fail(failure(frame))
            }

            is Frame.Credit -> if (!credit.add(frame.bytes)) violation(Code.CREDIT, "more credit than can be counted, ${frame.bytes} more")

            else -> violation(Code.ORDER, "$frame to who asks")
        }
        return true
    }

    /** The connection has ended, for [cause]. */
    fun lose(cause: Throwable) {
        val hasLeft = outbound.abandon(lane, Code.PEACE)
        fail(if (cause is BrokerLeaving) BrokerLeaving(asking.endpoint) else BrokerLost(asking.endpoint, mayHaveRun = hasLeft, cause))
    }

    /** Its [deadline] has come: what has not been taken of its reply is not, either. */
    fun expire() {
        if (isExpired) return
        isExpired = true
        val late = late(mayHaveRun = outbound.abandon(lane, Code.TIMED_OUT))
        fail(late)
        inbox.drop { late }
    }

    private fun hearReply(reply: Frame.Reply) {
        if (headers != null) violation(Code.ORDER, "REPLY twice")
        offer(reply)
        if (reply.isLast) end(reply.body.remaining().toLong())
        headers = reply.headers
        answered.raise()
    }

    private fun take(chunk: Frame.Chunk) {
        requireReply(chunk)
        offer(chunk)
    }

    private fun offer(frame: Frame) {
        if (!inbox.offer(frame.body)) violation(Code.CREDIT, "$frame, for which it had no credit")
    }

    private fun end(total: Long) {
        if (inbox.end(total)) {
            outbound.forget(lane)
            isEnded = true
            credit.close()
            return
        }
        outbound.abandon(lane, Code.PEACE)
        fail(MalformedFrame(asking.endpoint, "a body of ${inbox.received} bytes that was to have $total"))
    }

    private fun requireReply(frame: Frame) {
        if (headers == null) violation(Code.ORDER, "$frame before REPLY")
    }

    private fun fail(cause: Throwable) {
        if (isEnded) return
        isEnded = true
        failure = cause
        credit.close()
        inbox.fail(cause)
        answered.raise()
    }

    private fun late(mayHaveRun: Boolean): RequestTimeout {
        // The broker may have a limit of its own, which is over before ours.
        val isOurs = limit.isFinite() && deadline != null && asking.now() - deadline >= 0
        val after = if (isOurs) limit else elapsed
        return RequestTimeout(asking.channel, after.toJavaDuration(), mayHaveRun)
    }

    private fun failure(error: Frame.Error): Throwable {
        val channel = asking.channel
        if (error.flags and Frame.PROVIDER != 0) return RequestFailed(channel, error.code, "${error.text}")
        return when (val code = Code.of(error.code)) {
            Code.NO_PROVIDER -> NoProvider(channel)
            Code.TIMED_OUT -> late(mayHaveRun = true)
            Code.GOING_AWAY -> BrokerLeaving(asking.endpoint).also { asking.brokerLeaves() }
            Code.NOT_ADMITTED -> NotAdmitted(asking.endpoint, Role.CONSUMER, channel, "${error.text}")
            Code.HEADERS_TOO_LARGE -> HeadersTooLarge(asking.endpoint, hello.maxHeaders)
            Code.PEACE, Code.PROVIDER_LOST -> ProviderLost(channel)
            else -> if (code.isOverload) Overloaded(channel, code.limit) else MalformedFrame(asking.endpoint, "${error.text}")
        }
    }

    private fun violation(code: Code, detail: String): Nothing = throw Violation(code, asking.endpoint, detail)
}
