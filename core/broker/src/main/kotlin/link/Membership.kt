package io.hawser.broker.link

import io.hawser.CloseReason
import io.hawser.Connection
import io.hawser.ConnectionClosed
import io.hawser.HandshakeTimeout
import io.hawser.MalformedFrame
import io.hawser.broker.BrokerLeaving
import io.hawser.broker.NotAdmitted
import io.hawser.broker.Overloaded
import io.hawser.broker.Role
import io.hawser.broker.VersionMismatch
import io.hawser.broker.wire.Code
import io.hawser.broker.wire.Frame
import io.hawser.broker.wire.FrameParser
import io.hawser.broker.wire.HeaderBlock
import io.hawser.broker.wire.Side
import io.hawser.broker.wire.Text
import io.hawser.broker.wire.Violation
import io.hawser.broker.wire.limit
import io.hawser.reconnect.DoNotReconnect
import io.hawser.transport.TransportApi
import java.io.IOException
import kotlin.time.toJavaDuration
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.DisposableHandle
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.launch
import kotlinx.coroutines.withContext

/**
 * One [connection] of a client, from HELLO to its end, with one [registration]: once that has been accepted, [begin] makes the session
 * that hears what comes.
 */
@OptIn(TransportApi::class)
internal class Membership<S : Session>(
    private val connection: Connection,
    private val registration: Registration,
    private val begin: (Outbound, Frame.BrokerHello) -> S,
    private val show: (S?) -> Unit,
) {
    private val endpoint = connection.endpoint
    private val outbound = Outbound(Side.CLIENT)
    private var hello: Frame.BrokerHello? = null
    private var session: S? = null
    private var timer: DisposableHandle? = null
    private var late: HandshakeTimeout? = null
    private var isLeaving = false

    /** The broker has said its last word, a second GOAWAY: with what is open then nobody has begun. */
    private var hasLeft = false

    /**
     * Returns when the broker has ended the stream of a session.
     *
     * @throws DoNotReconnect if that broker is asked in vain.
     * @throws io.hawser.SocketFailure for what else has ended it.
     */
    suspend fun run(): Unit = withContext(connection.transport.loop.dispatcher) {
        outbound.say(Frame.ClientHello(VERSION, VERSION, PRODUCT))
        outbound.say(registration.run { Frame.Register(HANDLE, role, channel, capacity, token) })
        if (registration.helloTimeout.isFinite()) timer = connection.transport.loop.schedule(registration.helloTimeout, ::expire)
        var cause: Throwable? = null
        try {
            converse()
            if (session == null) throw ConnectionClosed(endpoint, CloseReason.Peer)
            if (hasLeft) cause = BrokerLeaving(endpoint)
        } catch (e: CancellationException) {
            throw e
        } catch (e: Throwable) {
            cause = if (e is IOException) late ?: e else e
            throw cause
        } finally {
            timer?.dispose()
            outbound.drop()
            show(null)
            session?.ended(cause ?: ConnectionClosed(endpoint, connection.closeReason ?: CloseReason.Peer))
        }
    }

    private suspend fun converse() = coroutineScope {
        val end = launch {
            connection.draining.first { it }
            finish()
        }
        val parser = FrameParser(Side.BROKER, endpoint) { outbound.lastOpened }
        Conversation(connection, outbound, parser, registration.pingEvery, registration.pingTimeout, pauses = false).run(hear = ::hear)
        end.cancel()
    }

    private fun finish() {
        val session = session
        if (session != null) {
            session.finish()
            show(session)
        } else if (registration.role == Role.CONSUMER) {
            // Who answers may get requests right behind REGISTERED, and says GOAWAY first.
            outbound.close()
        }
    }

    private fun hear(frame: Frame) {
        // The last word is the one that nothing follows.
        hasLeft = isLeaving && frame is Frame.GoAway
        when (frame) {
            is Frame.BrokerHello -> hello = frame.also(::requireVersion)

            is Frame.Registered -> registered(frame)

            is Frame.GoAway -> goAway(frame)

            is Frame.Pong -> Unit

            else -> {
                val session = session ?: throw violation(Code.ORDER, "$frame before REGISTERED")
                session.hear(frame)
                // An ERROR may have said that the broker takes nothing more.
                if (!session.isOpen) show(session)
            }
        }
    }

    private fun requireVersion(hello: Frame.BrokerHello) {
        if (hello.version != VERSION) refuse(VersionMismatch(endpoint, "it has chosen ${hello.version}"))
    }

    private fun registered(answer: Frame.Registered) {
        if (answer.id != HANDLE) throw violation(Code.ID, "REGISTERED with the id ${answer.id}, which nobody has given")
        if (session != null) throw violation(Code.ORDER, "REGISTERED once more")
        if (answer.code == Code.PEACE.number) {
            timer?.dispose()
            session = begin(outbound, checkNotNull(hello)).also {
                if (isLeaving) it.brokerLeaves()
                show(it)
            }
            if (connection.draining.value) finish()
            return
        }
        val code = Code.of(answer.code)
        if (code == Code.NOT_ADMITTED) {
            refuse(NotAdmitted(endpoint, registration.role, registration.channel, "${answer.text}"))
        }
        throw Overloaded(registration.channel, code.limit)
    }

    private fun goAway(word: Frame.GoAway) {
        if (word.code == Code.PEACE.number) {
            isLeaving = true
            session?.let {
                it.brokerLeaves()
                show(it)
            }
            return
        }
        if (Code.of(word.code) == Code.VERSION) refuse(VersionMismatch(endpoint, "${word.text}"))
        throw MalformedFrame(endpoint, "GOAWAY, with the code ${word.code}: ${word.text}")
    }

    private fun refuse(cause: IOException): Nothing = throw DoNotReconnect("the broker at $endpoint is asked in vain", cause)

    private fun expire() {
        late = HandshakeTimeout(endpoint, registration.helloTimeout.toJavaDuration())
        connection.close()
    }

    private fun violation(code: Code, detail: String) = Violation(code, endpoint, detail)

    companion object {
        const val VERSION = 1

        /** The one registration of each connection. */
        const val HANDLE = 1L
        private val PRODUCT = HeaderBlock.of(mapOf("product" to "hawser"))
    }
}
