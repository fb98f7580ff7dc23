package io.hawser.broker.asking

import io.hawser.Connection
import io.hawser.broker.HeadersTooLarge
import io.hawser.broker.link.BodySender
import io.hawser.broker.link.Deadlines
import io.hawser.broker.link.Membership
import io.hawser.broker.link.Outbound
import io.hawser.broker.link.Session
import io.hawser.broker.wire.Code
import io.hawser.broker.wire.Frame
import io.hawser.broker.wire.HeaderBlock
import io.hawser.broker.wire.Violation
import io.hawser.transport.TransportApi
import java.nio.ByteBuffer
import java.util.UUID
import java.util.concurrent.ConcurrentHashMap
import java.util.concurrent.atomic.LongAdder
import kotlin.time.Duration
import kotlin.time.Duration.Companion.days

/** What a consumer asks on one [connection], with what the broker has said of it in its [hello]. Frames that come [late] are counted. */
@OptIn(TransportApi::class)
internal class Asking(
    connection: Connection,
    val outbound: Outbound,
    val hello: Frame.BrokerHello,
    val channel: UUID,
    private val late: LongAdder,
) : Session {
    val endpoint = connection.endpoint
    private val loop = connection.transport.loop
    private val calls = ConcurrentHashMap<Long, Call>()
    private val deadlines = Deadlines(loop, ::sweep)

    @Volatile
    override var isOpen = true
        private set

    @Volatile
    private var isFinishing = false

    /** How many are asked, or whose reply is being taken. */
    val inFlight: Int get() = calls.size

    fun now(): Long = loop.nanoTime()

    /** The size of headers that the broker takes. */
    private val headersLimit: Int get() = minOf(hello.maxHeaders, hello.maxFrame - START_PREFIX)

    fun hasRoom(headers: HeaderBlock): Boolean = headers.size <= headersLimit

    /** @throws HeadersTooLarge if the broker takes no such [headers]. */
    fun requireRoom(headers: HeaderBlock) {
        if (!hasRoom(headers)) throw HeadersTooLarge(endpoint, headersLimit)
    }

    /**
     * Asks [question], which may take as long as there is [left], and begins to send its body: all of it if there is room for that at the
     * other side. What is left of one that came as bytes is in [Opened.rest]. Null, and nothing has been asked, if this connection takes
     * nothing more. Whoever it was for, [limit] runs out with it.
     */
    fun open(question: Question, left: Duration, limit: Duration): Opened? {
        val deadline = if (left < FOREVER) now() + left.inWholeNanoseconds else null
        val bytes = question.body.bytes
        val room = minOf(hello.window, BodySender.longest(hello.maxFrame, START_PREFIX + question.headers.size))
        val opening = minOf(room, bytes?.remaining() ?: 0)
        val isWhole = opening == bytes?.remaining()
        var call: Call? = null
        outbound.open(opening) { lane ->
            call = Call(this, lane, opening, deadline, limit).also { calls[lane.id] = it }
            val flags = if (isWhole) question.flags or Frame.WHOLE else question.flags
            Frame.Start(lane.id, flags, Membership.HANDLE, milliseconds(left), question.headers, bytes?.slice(0, opening) ?: NOTHING)
        }
        val opened = call
        if (opened == null) {
            isOpen = false
            return null
        }
        if (deadline != null) deadlines.note(deadline)
        val rest = bytes?.slice(opening, bytes.remaining() - opening)
        if (isWhole || rest == null || bytes.remaining() > hello.window) return Opened(opened, rest, isSent = isWhole)
        opened.finish(rest)
        return Opened(opened, rest, isSent = true)
    }

    /** A [call], and what is to be sent yet of its body unless it [isSent]: the [rest] if it came as bytes. */
    class Opened(val call: Call, val rest: ByteBuffer?, val isSent: Boolean)

    /** The request [id] has been closed. */
    fun forget(id: Long) {
        calls.remove(id)
        endIfIdle()
    }

    override fun hear(frame: Frame) {
        if (frame is Frame.Start) throw Violation(Code.ORDER, endpoint, "START, to who has not registered to answer")
        if (calls[frame.id]?.hear(frame) != true) late.increment()
    }

    override fun brokerLeaves() {
        isOpen = false
    }

    override fun finish() {
        isOpen = false
        isFinishing = true
        endIfIdle()
    }

    override fun ended(cause: Throwable) {
        isOpen = false
        deadlines.stop()
        for (call in calls.values) call.lose(cause)
    }

    private fun endIfIdle() {
        // What is just being opened is there, or finds it closed.
        if (isFinishing) outbound.closeIf { calls.isEmpty() }
    }

    private fun sweep(now: Long): Long? {
        var earliest: Long? = null
        for (call in calls.values) {
            val deadline = call.deadline ?: continue
            if (deadline - now <= 0) {
                call.expire()
            } else if (earliest == null || deadline - earliest < 0) {
                earliest = deadline
            }
        }
        return earliest
    }

    private companion object {
        const val START_PREFIX = 8
        const val MOST_MS = 0xffff_ffffL

        /** What takes longer has no deadline: the difference of two instants has an end. */
        val FOREVER = 36_500.days
        val NOTHING: ByteBuffer = ByteBuffer.allocate(0)

        /** Rounded up, because 0 says that there is no deadline. */
        fun milliseconds(left: Duration): Long {
            if (left.isInfinite()) return 0
            val whole = left.inWholeMilliseconds
            return minOf(MOST_MS, if (left.inWholeNanoseconds > whole * 1_000_000) whole + 1 else whole)
        }
    }
}
