package io.hawser.broker.answering

import io.hawser.MalformedFrame
import io.hawser.broker.AnswerFailed
import io.hawser.broker.Body
import io.hawser.broker.HeadersTooLarge
import io.hawser.broker.Request
import io.hawser.broker.RequestTimeout
import io.hawser.broker.Responder
import io.hawser.broker.link.BodyInbox
import io.hawser.broker.link.BodySender
import io.hawser.broker.link.Credit
import io.hawser.broker.wire.Code
import io.hawser.broker.wire.Frame
import io.hawser.broker.wire.HeaderBlock
import io.hawser.broker.wire.Text
import io.hawser.broker.wire.Violation
import java.io.IOException
import java.nio.ByteBuffer
import java.time.Duration.ofMillis
import kotlin.time.Duration
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.nanoseconds
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.Job
import kotlinx.coroutines.currentCoroutineContext
import kotlinx.coroutines.ensureActive

/** One request that has come with [start]. Frames come on the loop; the handler, and whoever answers in its place, calls from anywhere. */
internal class Served(private val answering: Answering, private val start: Frame.Start) : Responder {
    private val outbound = answering.outbound
    private val hello = answering.hello
    private val lane = outbound.answer(start.id)
    private val credit = Credit(hello.window)
    private val inbox = BodyInbox(hello.window) { outbound.grant(lane, it) }

    /** The instant of the loop's clock when it is over, or null if only the broker knows. */
    val deadline: Long? = if (start.timeoutMs > 0) answering.now() + start.timeoutMs.milliseconds.inWholeNanoseconds else null

    /** What runs the handler: set before any frame behind the START is heard. */
    @Volatile
    var job: Job? = null

    /** All of the body has come. On the loop. */
    private var isAsked = false

    /** Guarded by the monitor: nothing more is said of it. */
    private var isOver = false

    @Volatile
    private var isAnswered = false

    /** It was over before it was answered. Set before anybody can fail because of that. */
    @Volatile
    private var isUnwanted = false

    /** Used by whoever answers. */
    private var headers = HeaderBlock.EMPTY
    private var sender: BodySender? = null

    val id: Long get() = start.id

    /** It as the handler sees it. Throws for headers that are none. */
    fun request(number: Long): Request {
        val left = { deadline?.let { (it - answering.now()).nanoseconds.coerceAtLeast(Duration.ZERO) } ?: Duration.INFINITE }
        return Request(number, answering.channel, start.headers.read(answering.endpoint), inbox, left) { !isUnwanted }
    }

    /** Takes what came with the START. */
    fun begin() {
        offer(start)
        if (start.isLast) end(start.body.remaining().toLong())
    }

    fun hear(frame: Frame) {
        when (frame) {
            is Frame.Chunk -> {
                requireMore(frame)
                offer(frame)
            }

            is Frame.End -> {
                requireMore(frame)
                end(frame.total)
            }

            is Frame.Credit -> if (!credit.add(frame.bytes)) violation(Code.CREDIT, "more credit than can be counted, ${frame.bytes} more")

            is Frame.Cancel -> cancel(
                if (Code.of(frame.code) ==
                    Code.TIMED_OUT
                ) {
                    timeout()
                } else {
                    IOException("nobody wants an answer any more")
                },
            )

            else -> violation(Code.ORDER, "$frame to who answers")
        }
    }

    /** Nobody waits for an answer any more, because of [cause]: nothing is said of it. Any thread. */
    fun cancel(cause: Throwable) {
        if (!finish(isUnwanted = true) { cause }) return
        outbound.forget(lane)
        job?.cancel(CancellationException("the request is over: ${cause.message}", cause))
    }

    fun expire() = cancel(timeout())

    override suspend fun send(chunk: ByteArray) {
        if (!sender().send(ByteBuffer.wrap(chunk))) nobodyListens()
    }

    override suspend fun send(body: Body) {
        body.ensureThere()
        val sender = sender()
        val isWanted = body.bytes?.let { sender.send(it) } ?: sender.sendAll(body.pieces)
        if (!isWanted) nobodyListens()
    }

    override fun headers(headers: Map<String, String>) {
        check(sender == null) { "an answer has its headers at the beginning: something has been sent" }
        val block = HeaderBlock.of(headers)
        val limit = minOf(hello.maxHeaders, hello.maxFrame)
        if (block.size > limit) throw HeadersTooLarge(answering.endpoint, limit)
        this.headers = block
    }

    override suspend fun reply(body: ByteArray, headers: Map<String, String>) {
        if (!answer(Body.of(body), headers)) nobodyListens()
    }

    /** Answers with all of [body], and nothing else; false if nobody waits for that any more. */
    suspend fun answer(body: Body, headers: Map<String, String>): Boolean {
        check(sender == null) { "something has been sent of the answer" }
        if (headers.isNotEmpty()) headers(headers)
        body.ensureThere()
        val sender = sender()
        val bytes = body.bytes
        if (bytes != null && bytes.remaining() <= minOf(hello.window, BodySender.longest(hello.maxFrame, this.headers.size))) {
            return complete { outbound.offer(lane, Frame.Reply(id, Frame.WHOLE, this.headers, bytes)) }
        }
        return (if (bytes != null) sender.send(bytes) else sender.sendAll(body.pieces)) && complete { sender.end() }
    }

    override fun fail(code: Int, message: String): Nothing {
        require(code >= 0) { "code < 0: $code" }
        failWith(code, message)
        throw AnswerFailed(code, message)
    }

    /** All that was to be sent has been. */
    fun complete() {
        complete { (sender ?: newSender()).end() }
    }

    /** Nothing more is sent, because of what [code] and [message] say. */
    fun failWith(code: Int, message: String) {
        complete { outbound.offer(lane, Frame.Error(id, Frame.PROVIDER, code, Text.of(message))) }
    }

    /** Has [say] say the last of it; false if it has been over before. */
    private fun complete(say: () -> Unit): Boolean {
        if (!finish { IllegalStateException("the request has been answered") }) return false
        isAnswered = true
        say()
        return true
    }

    /** Returns false if it has been over before. */
    private fun finish(isUnwanted: Boolean = false, cause: () -> Throwable): Boolean {
        synchronized(this) {
            if (isOver) return false
            isOver = true
        }
        this.isUnwanted = isUnwanted
        answering.forget(id)
        credit.close()
        inbox.drop(cause)
        return true
    }

    private fun sender(): BodySender {
        check(!isAnswered) { "the request has been answered" }
        return sender ?: newSender().also { sender = it }
    }

    private fun newSender() = BodySender(outbound, lane, credit, hello.maxFrame, head = headers)

    private suspend fun nobodyListens() {
        // A handler that does nothing but send would never learn of its cancellation.
        currentCoroutineContext().ensureActive()
    }

    private fun offer(frame: Frame) {
        if (!inbox.offer(frame.body)) violation(Code.CREDIT, "$frame, for which it had no credit")
    }

    private fun end(total: Long) {
        isAsked = true
        if (inbox.end(total)) return
        inbox.fail(MalformedFrame(answering.endpoint, "a body of ${inbox.received} bytes that was to have $total"))
    }

    private fun requireMore(frame: Frame) {
        if (isAsked) violation(Code.ORDER, "$frame behind the end of what is asked")
    }

    private fun timeout() = RequestTimeout(answering.channel, ofMillis(start.timeoutMs), mayHaveRun = true)

    private fun violation(code: Code, detail: String): Nothing = throw Violation(code, answering.endpoint, detail)
}
