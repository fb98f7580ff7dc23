package io.hawser.broker.serving

import io.hawser.broker.Outcome
import io.hawser.broker.link.Outbound.Offer
import io.hawser.broker.routing.Choice
import io.hawser.broker.routing.ForwardedRequest
import io.hawser.broker.routing.Forwarding
import io.hawser.broker.routing.Replies
import io.hawser.broker.routing.RoutingApi
import io.hawser.broker.wire.Code
import io.hawser.broker.wire.Frame
import io.hawser.broker.wire.Text
import java.nio.ByteBuffer
import org.slf4j.LoggerFactory

/**
 * One request, from its START until it ends, which it does once: by [end], whatever happens first.
 *
 * ```
 *            chosen          REPLY               END, ERROR
 *  Placing ----------> Given -------> Answering ------------> Ended
 *   |   ^               |                                      ^
 *   v   | served        | lost, may be repeated                |
 *  InLine         Placing            all else, from anywhere --+
 * ```
 *
 * Any thread. What happens within its monitor calls nobody but the two connections' outbound queues; what follows from an end, the place of
 * the provider that is free now for instance, follows when it has been left: it may be for another request.
 */
@OptIn(RoutingApi::class)
internal class Exchange(
    private val office: Office,
    private val asker: Peer,
    private val channel: Channel,
    start: Frame.Start,
    /** When its time is over, by the clock of the asker's loop. */
    val deadline: Long,
) {
    /** What became of a place for it. */
    enum class Assigned {
        /** It uses it. */
        Given,

        /** It needs none any more. */
        Over,

        /** Whose place it is has gone. */
        Gone,
    }

    private enum class State { Placing, InLine, Given, Answering, Ended }

    private val options = office.options
    private val id = start.id
    private val flags = start.flags
    private val lane = asker.outbound.answer(id)
    private val began = asker.now()

    /** Guarded by the monitor, like what follows. */
    private var state = State.Placing
    private var giving: Giving? = null
    private var outcome = Outcome.CUT

    /** How it began, and the body behind that as far as it has come: while nobody has it, or somebody else could get it. */
    private var kept: Kept? = Kept(start)

    private var asked = start.body.remaining().toLong()
    private var mayAsk = options.window.toLong()
    private var isAsked = flags and Frame.WHOLE != 0
    private var answered = 0L
    private var mayAnswer = options.window.toLong()
    private var repeats = 0
    private var isAnswered = false

    /** Its place in its line, for that alone. */
    var ticket = 0L

    /** Whether it waits for a provider where there is none. */
    val isPatient: Boolean get() = flags and Frame.WAIT != 0

    private val isIdempotent: Boolean get() = flags and Frame.IDEMPOTENT != 0

    /** Begins. Without locks, as all that follows. */
    fun begin() {
        if (asked > mayAsk) throw asker.overCredit(id)
        if (change { kept?.let { keep(it, it.start.cost) } }) place()
    }

    /** More of the question. */
    fun chunk(bytes: ByteBuffer) {
        change {
            if (isAsked) throw asker.outOfOrder("CHUNK of the request $id behind its end")
            asked += bytes.remaining()
            if (asked > mayAsk) throw asker.overCredit(id)
            kept?.let { if (keep(it, bytes.remaining() + PIECE)) it.pieces += bytes }
            // What keeping it ended is not forwarded.
            if (state != State.Ended) giving?.let { sent(it.forwarding?.chunk(bytes)) }
        }
    }

    /** The question is complete. */
    fun endQuestion(total: Long) {
        change {
            if (isAsked) throw asker.outOfOrder("END of the request $id behind its end")
            isAsked = true
            if (total == asked) {
                giving?.forwarding?.end(total)
            } else {
                cancelled(isLate = false)
                end(Outcome.FAILED, Code.BROKEN_BODY, "$asked bytes of a body of $total")
            }
        }
    }

    /** More of the answer may come. */
    fun creditAnswer(bytes: Int) {
        change {
            mayAnswer += bytes
            if (mayAnswer - answered > Int.MAX_VALUE) throw asker.overCredit(id)
            giving?.forwarding?.credit(bytes)
        }
    }

    /** The asker wants no answer any more. */
    fun cancel(code: Code) {
        change {
            cancelled(isLate = code == Code.TIMED_OUT)
            asker.outbound.forget(lane)
            end(if (code == Code.TIMED_OUT) Outcome.TIMED_OUT else Outcome.CANCELLED)
        }
    }

    /** The asker is gone. */
    fun orphan(isCut: Boolean) {
        change {
            cancelled(isLate = false)
            end(if (isCut || office.isCut) Outcome.CUT else Outcome.CANCELLED)
        }
    }

    /** Its time is over. */
    fun timeOut() {
        change {
            cancelled(isLate = true)
            end(Outcome.TIMED_OUT, Code.TIMED_OUT, "not answered in time")
        }
    }

    /** Nobody answers on its channel. */
    fun nobody() {
        change {
            if (repeats > 0) endLost() else end(Outcome.NO_PROVIDER, Code.NO_PROVIDER, "nobody answers on ${channel.id}")
        }
    }

    /** Finds somebody for it, or has it wait for somebody. */
    fun place() {
        while (channel.line.isEmpty) {
            when (val choice = office.router.choose(channel.id)) {
                is Choice.Chosen -> when (assign(choice)) {
                    Assigned.Given -> return
                    Assigned.Over -> return office.router.release(choice)
                    Assigned.Gone -> office.router.gone(choice)
                }

                Choice.Full -> break

                Choice.Nobody -> if (isPatient) break else return nobody()
            }
        }
        standInLine()
        // Whoever got room before it stood in line has not seen it.
        channel.serve()
    }

    /** Has it stand in line. */
    fun standInLine() {
        change {
            when {
                office.mayWait() -> {
                    state = State.InLine
                    channel.line.join(this)
                }

                repeats > 0 -> endLost()

                else -> end(Outcome.OVERLOADED, Code.TOO_MANY_WAITING, "${options.maxWaiting} requests wait for a provider")
            }
        }
    }

    /** Gives it to [chosen], whose place has been taken for it. */
    fun assign(chosen: Choice.Chosen): Assigned {
        var assigned = Assigned.Over
        change {
            if (state == State.InLine) office.waited()
            state = State.Placing
            val all = checkNotNull(kept)
            val next = Giving(chosen)
            val start = all.start
            val request = ForwardedRequest.of(channel.id, asker.millisUntil(deadline), flags, start.headers, start.body)
            // What is not kept makes room for what is given.
            val cost = all.cost
            if (!isRepeatable || !office.budget.isHalfFree) release(all)
            val forwarding = forwarded(chosen, request, next)
            if (forwarding == null) {
                office.budget.add(cost - all.cost)
                all.cost = cost
                assigned = Assigned.Gone
                return@change
            }
            assigned = Assigned.Given
            next.forwarding = forwarding
            giving = next
            state = State.Given
            channel.inFlight.incrementAndGet()
            hand(all, forwarding)
        }
        return assigned
    }

    /** A target that fails is as good as gone. */
    private fun forwarded(chosen: Choice.Chosen, request: ForwardedRequest, replies: Replies): Forwarding? = try {
        chosen.target.forward(request, replies)
    } catch (e: Exception) {
        log.error("a provider of {} failed to take a request", channel, e)
        null
    }

    /** Gives [forwarding] what has come behind the START. */
    private fun hand(all: Kept, forwarding: Forwarding) {
        sent(forwarding.opening)
        if (state == State.Ended) return
        val granted = mayAnswer - options.window
        if (granted > 0) forwarding.credit(granted.toInt())
        for (bytes in all.pieces) {
            sent(forwarding.chunk(bytes))
            if (state == State.Ended) return
        }
        if (isAsked && !all.start.isLast) forwarding.end(asked)
        if (all.cost == 0L) drop()
    }

    /** Whether it could be given to another provider, as far as it has come: that one must have the credit for it. */
    private val isRepeatable: Boolean get() = isIdempotent && asked <= minOf(options.maxRepeatable, options.window)

    private fun sent(room: Forwarding.Room?) {
        val code = when (room) {
            Forwarding.Room.TargetFull -> Code.TOO_MANY_BYTES_OF_CONNECTION
            Forwarding.Room.BrokerFull -> Code.TOO_MANY_BYTES
            else -> return
        }
        overloaded(code)
    }

    private fun overloaded(code: Code) {
        cancelled(isLate = false)
        end(Outcome.OVERLOADED, code, "too many bytes wait")
    }

    /** Whether there is room for [cost] more to be [kept]; if not, it is not repeatable any more, or it cannot wait. */
    private fun keep(kept: Kept, cost: Int): Boolean {
        val isGiven = state == State.Given
        if (!(isGiven && (!isRepeatable || !office.budget.isHalfFree)) && office.budget.take(cost)) {
            kept.cost += cost
            return true
        }
        if (isGiven) drop() else overloaded(Code.TOO_MANY_BYTES)
        return false
    }

    private fun drop() {
        kept?.let(::release)
        kept = null
    }

    private fun release(all: Kept) {
        if (all.cost == 0L) return
        office.budget.add(-all.cost)
        all.cost = 0
    }

    private fun cancelled(isLate: Boolean) {
        giving?.forwarding?.cancel(isLate)
    }

    private fun endLost(): Unit =
        end(if (office.isCut) Outcome.CUT else Outcome.PROVIDER_LOST, Code.PROVIDER_LOST, "the provider is gone")

    private fun end(outcome: Outcome, code: Code, text: String) {
        asker.outbound.fail(lane, Frame.Error(id, 0, code.number, Text.of(text)))
        end(outcome)
    }

    /** The only way out. */
    private fun end(outcome: Outcome) {
        if (state == State.InLine) office.waited()
        state = State.Ended
        this.outcome = outcome
        drop()
    }

    /** Runs [block] unless it has ended; true if it has not afterwards. */
    private inline fun change(block: () -> Unit): Boolean {
        synchronized(this) {
            if (state == State.Ended) return false
            block()
            if (state != State.Ended) return true
        }
        settle()
        return false
    }

    /** What follows from the end, once. */
    private fun settle() {
        asker.forget(id)
        channel.line.leave(this)
        val place = synchronized(this) { giving?.chosen }
        if (place != null) channel.inFlight.decrementAndGet()
        // Before the place is given back: who sees the end of all requests sees all of them counted.
        office.ended(channel, outcome, asker.now() - began, isAnswered)
        place?.let(office.router::release)
    }

    /** One provider's answers. What one says that has lost the request reaches nobody. */
    private inner class Giving(val chosen: Choice.Chosen) : Replies {
        var forwarding: Forwarding? = null

        override fun reply(headers: ByteBuffer, body: ByteBuffer, isWhole: Boolean): Boolean = answer(body) {
            drop()
            state = State.Answering
            val block = ForwardedRequest.headerBlock(headers)
            if (block.size > options.maxHeaders) {
                cancelled(isLate = false)
                // As the provider's own failure: a handler has run.
                fail(0, "its answer has headers of ${block.size} bytes, over ${options.maxHeaders}")
            } else {
                isAnswered = isWhole
                offer(Frame.Reply(id, if (isWhole) Frame.WHOLE else 0, block, body))
                if (isWhole && state != State.Ended) end(Outcome.COMPLETED)
            }
        }

        override fun chunk(bytes: ByteBuffer): Boolean = answer(bytes) { offer(Frame.Chunk(id, bytes)) }

        override fun end(total: Long) {
            mine {
                if (total == answered) {
                    isAnswered = true
                    offer(Frame.End(id, total))
                    end(Outcome.COMPLETED)
                } else {
                    end(Outcome.FAILED, Code.BROKEN_BODY, "$answered bytes of a body of $total")
                }
            }
        }

        override fun error(code: Int, text: String) {
            mine { fail(code, text) }
        }

        private fun fail(code: Int, text: String) {
            isAnswered = true
            offer(Frame.Error(id, Frame.PROVIDER, code, Text.of(text)))
            end(Outcome.FAILED)
        }

        override fun credit(bytes: Int): Boolean {
            var isAllowed = true
            mine {
                isAllowed = mayAsk - asked + bytes <= Int.MAX_VALUE
                if (isAllowed) {
                    mayAsk += bytes
                    if (!isAsked) asker.outbound.grant(lane, bytes)
                }
            }
            return isAllowed
        }

        override fun lost() {
            var isRepeated = false
            mine {
                val isWhole = isAsked && kept != null
                if (state == State.Given && isIdempotent && isWhole && repeats < options.maxRepeats) {
                    repeats++
                    isRepeated = true
                    giving = null
                    state = State.Placing
                } else {
                    endLost()
                }
            }
            if (!isRepeated) return
            office.repeats.increment()
            channel.inFlight.decrementAndGet()
            office.router.release(chosen)
            place()
        }

        /** True, and whatever [block] does, unless there is no credit for [body]. */
        private inline fun answer(body: ByteBuffer, block: () -> Unit): Boolean {
            var isAllowed = true
            mine {
                isAllowed = answered + body.remaining() <= mayAnswer
                if (isAllowed) {
                    answered += body.remaining()
                    block()
                }
            }
            return isAllowed
        }

        private inline fun mine(block: () -> Unit) {
            change { if (giving === this) block() }
        }

        private fun offer(frame: Frame) {
            when (asker.outbound.offer(lane, frame)) {
                Offer.Queued, Offer.Closed -> Unit
                Offer.NoRoom -> overloaded(Code.TOO_MANY_BYTES_OF_CONNECTION)
                Offer.NoBudget -> overloaded(Code.TOO_MANY_BYTES)
            }
        }
    }

    /** What has come, and what it counts for in the budget of the broker. */
    private class Kept(val start: Frame.Start) {
        val pieces = ArrayList<ByteBuffer>()
        var cost = 0L
    }

    override fun toString(): String = "request $id on ${channel.id}"

    private companion object {
        /** What a piece of a body counts for beside its bytes, as a frame does. */
        const val PIECE = 64
        val log = LoggerFactory.getLogger(Exchange::class.java)
    }
}
