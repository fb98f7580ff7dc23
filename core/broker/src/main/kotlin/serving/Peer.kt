package io.hawser.broker.serving

import io.hawser.Connection
import io.hawser.MalformedFrame
import io.hawser.broker.Applicant
import io.hawser.broker.Broker
import io.hawser.broker.BrokerEvent
import io.hawser.broker.ConnectedPeer
import io.hawser.broker.Outcome
import io.hawser.broker.Role
import io.hawser.broker.link.Conversation
import io.hawser.broker.link.Deadlines
import io.hawser.broker.link.Outbound
import io.hawser.broker.link.Outbound.Offer
import io.hawser.broker.routing.ForwardedRequest
import io.hawser.broker.routing.Forwarding
import io.hawser.broker.routing.Replies
import io.hawser.broker.routing.RoutingApi
import io.hawser.broker.wire.Code
import io.hawser.broker.wire.Frame
import io.hawser.broker.wire.FrameParser
import io.hawser.broker.wire.HeaderBlock
import io.hawser.broker.wire.Side
import io.hawser.broker.wire.Text
import io.hawser.broker.wire.Violation
import io.hawser.transport.TransportApi
import java.time.Instant
import java.util.concurrent.ConcurrentHashMap
import java.util.concurrent.atomic.AtomicInteger
import kotlin.time.Duration
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.DisposableHandle
import kotlinx.coroutines.cancelChildren
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.currentCoroutineContext
import kotlinx.coroutines.ensureActive
import kotlinx.coroutines.isActive
import kotlinx.coroutines.launch
import kotlinx.coroutines.withTimeoutOrNull
import org.slf4j.LoggerFactory

/**
 * A connection to the broker: what it is registered for, what it asks and what it has been given.
 *
 * What it says is heard on the loop of its [connection]; requests that it asks or answers come to it from any thread.
 */
@OptIn(RoutingApi::class, TransportApi::class)
internal class Peer(private val connection: Connection, private val office: Office) {
    private val options = office.options
    private val loop = connection.transport.loop
    private val connectedAt = Instant.now()
    private val asked = ConcurrentHashMap<Long, Exchange>()
    private val given = ConcurrentHashMap<Long, Assignment>()
    private val askedCount = AtomicInteger()
    private val deadlines = Deadlines(loop, ::sweep)

    /** By their handles. For the loop alone, but to be looked at. */
    private val registrations = ConcurrentHashMap<Long, Registration>()
    private val handles = HashSet<Long>()
    private var undecided = 0
    private var isGreeted = false
    private var isEnded = false
    private var isDismissed = false
    private var patience: DisposableHandle? = null

    @Volatile
    private var isLeaving = false

    val id: Long get() = connection.id
    val outbound = Outbound(Side.BROKER, options.maxQueuedBytes, office.budget)

    /** Hears what it says until it ends its stream; as `Conversation.run`. */
    suspend fun converse(): Unit = coroutineScope {
        val parser = FrameParser(Side.CLIENT, connection.endpoint, options.maxFrame) { outbound.lastOpened }
        patience = loop.schedule(options.helloTimeout) { dismissStranger() }
        try {
            val conversation = Conversation(connection, outbound, parser, options.pingEvery, options.pingTimeout, pauses = true)
            conversation.run(left = { leave(isCut = false) }) { hear(it) }
        } finally {
            patience?.dispose()
            // Here already: an admission that does not end when it is cancelled holds up nobody.
            outbound.drop()
            leave(isCut = !coroutineContext.isActive)
            connection.close()
            coroutineContext.cancelChildren()
        }
    }

    /**
     * It is gone, and nobody can give it anything: whoever waits for it, or has waited for it to be done, learns that. [isCut] if the broker
     * has gone.
     */
    private fun leave(isCut: Boolean) {
        if (isEnded) return
        isEnded = true
        deadlines.stop()
        registrations.values.forEach { if (it is Registration.Provider) it.seat?.close() }
        while (given.isNotEmpty()) {
            for ((id, assignment) in given) if (given.remove(id, assignment)) assignment.lost()
        }
        for (exchange in asked.values) exchange.orphan(isCut)
        registrations.values.forEach { office.leave(it.channel, it.role) }
    }

    fun close(): Unit = connection.close()

    /** By the clock of its loop. Any thread. */
    fun now(): Long = loop.nanoTime()

    /** Rounded up, and at least 1. */
    fun millisUntil(deadline: Long): Long = ((deadline - now() + NANOS_PER_MILLI - 1) / NANOS_PER_MILLI).coerceIn(1, MOST_MILLIS)

    /** Gives it [request], as the provider [handle], unless it is gone. */
    fun give(handle: Long, request: ForwardedRequest, replies: Replies): Forwarding? {
        var assignment: Assignment? = null
        val offer = outbound.open(request.body.remaining()) { lane ->
            assignment = Assignment(this, lane, replies).also { given[lane.id] = it }
            Frame.Start(lane.id, request.flags, handle, request.timeoutMs, request.headerBlock, request.body)
        }
        return if (offer == Offer.NoRoom || offer == Offer.NoBudget) Assignment.NotGiven(offer.room) else assignment
    }

    /** The request [id] that it was given is over for it. */
    fun takeBack(id: Long) {
        given.remove(id)
        leaveIfDone()
    }

    /** The request [id] that it asked has ended. */
    fun forget(id: Long) {
        if (asked.remove(id) == null) return
        askedCount.decrementAndGet()
        leaveIfDone()
    }

    /** Tells it, once, that no more requests are taken. */
    @Synchronized
    fun announceEnd() {
        if (!isDismissed) outbound.say(goodbye)
        isDismissed = true
    }

    /** Ends the stream to it when what waits has left: nobody has begun, or will, with what it asks and has not heard the end of. */
    @Synchronized
    fun finish() {
        announceEnd()
        outbound.closeBehind(goodbye)
    }

    fun outOfOrder(detail: String): Violation = violation(Code.ORDER, detail)

    fun overCredit(id: Long): Violation = violation(Code.CREDIT, "more of the request $id than it has credit for")

    fun snapshot() = ConnectedPeer(
        id,
        connection.remote,
        connectedAt,
        registrations.values.map { ConnectedPeer.Registration(it.role, it.channel.id, it.capacity) },
        asked.size + given.size,
        outbound.bytes,
    )

    private fun CoroutineScope.hear(frame: Frame) {
        when (frame) {
            is Frame.ClientHello -> greet(frame)
            is Frame.Register -> apply(frame)
            is Frame.Start -> ask(frame)
            is Frame.Cancel -> asked[frame.id]?.cancel(Code.of(frame.code)) ?: late()
            is Frame.GoAway -> heardGoAway(frame)
            is Frame.Pong -> Unit
            else -> if (Side.CLIENT.opens(frame.id)) hearQuestion(frame) else given[frame.id]?.hear(frame) ?: late()
        }
    }

    private fun hearQuestion(frame: Frame) {
        val exchange = asked[frame.id] ?: return late()
        when (frame) {
            is Frame.Chunk -> exchange.chunk(frame.body)
            is Frame.End -> exchange.endQuestion(frame.total)
            is Frame.Credit -> exchange.creditAnswer(frame.bytes)
            else -> error("$frame is not said of a request that is asked")
        }
    }

    private fun late() {
        office.late.increment()
    }

    private fun greet(hello: Frame.ClientHello) {
        if (VERSION !in hello.lowest..hello.highest) throw violation(Code.VERSION, "speaks $VERSION to $VERSION")
        isGreeted = true
        val pingEvery = options.pingEvery.inWholeMilliseconds.coerceIn(1, Int.MAX_VALUE.toLong()).toInt()
        outbound.say(Frame.BrokerHello(VERSION, options.maxFrame, options.maxHeaders, options.window, pingEvery, PRODUCT))
    }

    private fun heardGoAway(frame: Frame.GoAway) {
        if (frame.code != Code.PEACE.number) throw MalformedFrame(connection.endpoint, "GOAWAY ${frame.code}: ${frame.text}")
        isLeaving = true
        registrations.values.forEach { if (it is Registration.Provider) it.seat?.close() }
        leaveIfDone()
    }

    private fun leaveIfDone() {
        if (isLeaving) outbound.closeIf { given.isEmpty() && asked.isEmpty() }
    }

    private fun ask(start: Frame.Start) {
        val channel = (registrations[start.handle] as? Registration.Consumer)?.channel
            ?: throw outOfOrder("START on the handle ${start.handle}, which asks nowhere")
        val mayBegin = office.begin(channel)
        val code = when {
            office.isDraining -> Code.GOING_AWAY
            start.headers.size > options.maxHeaders -> Code.HEADERS_TOO_LARGE
            askedCount.get() >= options.maxInFlightPerConnection -> Code.TOO_MANY_OF_CONNECTION
            !mayBegin -> Code.TOO_MANY
            else -> null
        }
        if (code != null) return refuse(start, channel, code)
        val wanted = if (start.timeoutMs == 0L) Duration.INFINITE else start.timeoutMs.milliseconds
        val deadline = now() + minOf(wanted, options.maxTimeout).inWholeNanoseconds
        val exchange = Exchange(office, this, channel, start, deadline)
        asked[start.id] = exchange
        askedCount.incrementAndGet()
        deadlines.note(deadline)
        exchange.begin()
    }

    private fun refuse(start: Frame.Start, channel: Channel, code: Code) {
        outbound.offer(outbound.answer(start.id), Frame.Error(start.id, 0, code.number, Text.of("not taken")))
        val outcome = when (code) {
            Code.GOING_AWAY -> Outcome.CUT
            Code.HEADERS_TOO_LARGE -> Outcome.FAILED
            else -> Outcome.OVERLOADED
        }
        office.ended(channel, outcome, took = 0, isAnswered = false)
    }

    private fun sweep(now: Long): Long? {
        var next: Long? = null
        for (exchange in asked.values) {
            val deadline = exchange.deadline
            if (deadline - now <= 0) {
                exchange.timeOut()
            } else if (next == null || deadline - next < 0) {
                next = deadline
            }
        }
        return next
    }

    private fun CoroutineScope.apply(register: Frame.Register) {
        if (register.id in handles) throw violation(Code.ID, "REGISTER of the handle ${register.id} once more")
        if (handles.size >= options.maxRegistrations) return refuse(register, Code.TOO_MANY_REGISTRATIONS, "it has ${handles.size}")
        handles += register.id
        undecided++
        launch {
            val refusal = try {
                refusal(register)
            } finally {
                undecided--
            }
            if (isEnded) return@launch
            if (refusal == null) enter(register) else refuse(register, Code.NOT_ADMITTED, refusal)
        }
    }

    /** Null if it is admitted. */
    private suspend fun refusal(register: Frame.Register): String? {
        if (options.remoteStats && register.channel == Broker.STATS && register.role == Role.PROVIDER) return "the broker answers there"
        val applicant = Applicant(register.role, register.channel, register.token, connection)
        var answer: String? = "the admission took too long"
        try {
            withTimeoutOrNull(options.helloTimeout) { answer = options.admission.refusal(applicant) }
        } catch (e: Throwable) {
            if (e is CancellationException) currentCoroutineContext().ensureActive()
            log.error("the admission of {} failed", applicant, e)
            answer = "the admission failed"
        }
        return answer
    }

    private fun enter(register: Frame.Register) {
        val channel = office.enter(register.channel, register.role)
            ?: return refuse(register, Code.TOO_MANY_CHANNELS, "there are ${options.maxChannels}")
        val registration = when (register.role) {
            Role.CONSUMER -> Registration.Consumer(this, register.id, channel)
            Role.PROVIDER -> Registration.Provider(this, register.id, channel, register.capacity)
        }
        registrations[register.id] = registration
        // Whoever has been told so is one.
        if (registration is Registration.Provider && !isLeaving) registration.seat = office.router.register(channel.id, registration)
        registration.announce()
        office.tell(BrokerEvent.Registered(snapshot(), register.role, register.channel))
    }

    private fun refuse(register: Frame.Register, code: Code, reason: String) {
        office.refusals.increment()
        outbound.say(Frame.Registered(register.id, code.number, Text.of(reason)))
        office.tell(BrokerEvent.RegistrationRefused(snapshot(), register.role, register.channel, reason))
    }

    /** Closes unless it is somebody by now. */
    private fun dismissStranger() {
        if (registrations.isNotEmpty()) return
        if (undecided > 0) {
            patience = loop.schedule(options.helloTimeout) { dismissStranger() }
            return
        }
        val what = if (isGreeted) "an accepted registration" else "a HELLO"
        outbound.closeWith(Frame.GoAway(Code.TIMED_OUT.number, Text.of("no $what in time")))
        loop.schedule(LAST_WORDS) { connection.close() }
    }

    private fun violation(code: Code, detail: String) = Violation(code, connection.endpoint, detail)

    override fun toString(): String = "peer $id at ${connection.endpoint}"

    private companion object {
        const val VERSION = 1
        const val NANOS_PER_MILLI = 1_000_000L
        const val MOST_MILLIS = 0xffff_ffffL
        val LAST_WORDS = 2.seconds
        val goodbye = Frame.GoAway(Code.PEACE.number, Text.of("shutting down"))
        val PRODUCT = HeaderBlock.of(mapOf("product" to "hawser"))
        val log = LoggerFactory.getLogger(Peer::class.java)
    }
}
