package io.hawser.broker.answering

import io.hawser.Connection
import io.hawser.broker.BrokerLost
import io.hawser.broker.link.Deadlines
import io.hawser.broker.link.Membership
import io.hawser.broker.link.Outbound
import io.hawser.broker.link.Session
import io.hawser.broker.wire.Code
import io.hawser.broker.wire.Frame
import io.hawser.broker.wire.HeaderBlock
import io.hawser.broker.wire.Text
import io.hawser.broker.wire.Violation
import io.hawser.transport.TransportApi
import java.nio.ByteBuffer
import java.util.UUID
import java.util.concurrent.ConcurrentHashMap
import java.util.concurrent.atomic.LongAdder

/** What a provider answers on one [connection], with what the broker has said of it in its [hello]. Frames that come [late] are counted. */
@OptIn(TransportApi::class)
internal class Answering(
    connection: Connection,
    val outbound: Outbound,
    val hello: Frame.BrokerHello,
    val channel: UUID,
    private val handlers: Handlers,
    private val late: LongAdder,
) : Session {
    val endpoint = connection.endpoint
    private val loop = connection.transport.loop
    private val served = ConcurrentHashMap<Long, Served>()
    private val deadlines = Deadlines(loop, ::sweep)

    @Volatile
    override var isOpen = true
        private set

    /** How many requests wait to be handled, or are. */
    val inFlight: Int get() = served.size

    fun now(): Long = loop.nanoTime()

    /** The request [id] is over. */
    fun forget(id: Long) {
        served.remove(id)
    }

    override fun hear(frame: Frame) {
        if (frame is Frame.Start) begin(frame) else served[frame.id]?.hear(frame) ?: late.increment()
    }

    // What stands in line is still given to those who answer, until the broker ends the stream.
    override fun brokerLeaves() = Unit

    override fun finish() {
        isOpen = false
        outbound.say(Frame.GoAway(Code.PEACE.number, Text.of("")))
    }

    override fun ended(cause: Throwable) {
        deadlines.stop()
        for (request in served.values) request.cancel(BrokerLost(endpoint, mayHaveRun = true, cause))
    }

    private fun begin(start: Frame.Start) {
        if (start.handle != Membership.HANDLE) violation(Code.ORDER, "START on ${start.handle}, which has not been accepted")
        if (start.flags and Frame.PROBE != 0) {
            outbound.offer(outbound.answer(start.id), Frame.Reply(start.id, Frame.WHOLE, HeaderBlock.EMPTY, NOTHING))
            return
        }
        if (served.size >= handlers.capacity) violation(Code.MALFORMED, "START beyond the capacity of ${handlers.capacity}")
        val request = Served(this, start)
        served[start.id] = request
        request.begin()
        handlers.take(request)
        request.deadline?.let(deadlines::note)
    }

    private fun sweep(now: Long): Long? {
        var earliest: Long? = null
        for (request in served.values) {
            val deadline = request.deadline ?: continue
            if (deadline - now <= 0) {
                request.expire()
            } else if (earliest == null || deadline - earliest < 0) {
                earliest = deadline
            }
        }
        return earliest
    }

    private fun violation(code: Code, detail: String): Nothing = throw Violation(code, endpoint, detail)

    private companion object {
        val NOTHING: ByteBuffer = ByteBuffer.allocate(0)
    }
}
