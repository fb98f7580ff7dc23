package io.hawser.messaging.hub

import io.hawser.CloseReason
import io.hawser.Connection
import io.hawser.ConnectionClosed
import io.hawser.ConnectionReset
import io.hawser.Endpoint
import io.hawser.FrameTooLarge
import io.hawser.MalformedFrame
import io.hawser.RunningServer
import io.hawser.framing.Framed
import io.hawser.framing.framed
import io.hawser.messaging.ConnectedClient
import io.hawser.messaging.Control
import io.hawser.messaging.HubEvent
import io.hawser.messaging.HubListener
import io.hawser.messaging.HubOptions
import io.hawser.messaging.Inbox
import io.hawser.messaging.Message
import io.hawser.messaging.MessageCodec
import io.hawser.messaging.MessageType
import io.hawser.messaging.ReceivedMessage
import io.hawser.messaging.WhenSlow
import java.io.IOException
import java.nio.ByteBuffer
import java.time.Clock
import java.util.concurrent.atomic.AtomicLong
import kotlin.time.Duration
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.CoroutineStart.ATOMIC
import kotlinx.coroutines.DelicateCoroutinesApi
import kotlinx.coroutines.NonCancellable
import kotlinx.coroutines.channels.BufferOverflow
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.currentCoroutineContext
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.MutableSharedFlow
import kotlinx.coroutines.flow.asSharedFlow
import kotlinx.coroutines.isActive
import kotlinx.coroutines.launch
import kotlinx.coroutines.withContext
import kotlinx.coroutines.withTimeoutOrNull
import org.slf4j.LoggerFactory

/** What a hub does with each connection: registers it, writes what its queue has, reads what it sends, and forgets it. */
@OptIn(DelicateCoroutinesApi::class)
internal class Reception(
    private val event: String,
    private val options: HubOptions,
    private val codec: MessageCodec,
    private val clock: Clock,
    private val members: Members,
    private val listener: HubListener,
) {
    private val ids = AtomicLong()
    private val happened = MutableSharedFlow<HubEvent>(extraBufferCapacity = EVENTS, onBufferOverflow = BufferOverflow.DROP_OLDEST)
    private val inbox = Inbox<ReceivedMessage>(options.maxReceived, options.maxReceivedBytes) { it.message.weight }

    val events: Flow<HubEvent> get() = happened.asSharedFlow()
    val received: Flow<ReceivedMessage> get() = inbox

    /** The next that is received, or null at the end; fails with what [late] makes after [timeout]. */
    suspend fun receive(timeout: Duration, late: () -> Throwable): ReceivedMessage? = inbox.next(timeout, late)

    /** Nothing is received any more. */
    fun end(): Unit = inbox.close()

    /** Nothing is received any more once [server] has ended. */
    fun endWith(scope: CoroutineScope, server: RunningServer) {
        // ATOMIC: whoever collects is told even if the scope is cancelled this instant.
        scope.launch(start = ATOMIC) {
            withContext(NonCancellable) { server.awaitClosed() }
            end()
        }
    }

    /** Serves [connection] until it ends. */
    suspend fun hold(connection: Connection) {
        val queue = OutboundQueue(options.maxQueuedMessages, options.maxQueuedBytes, options.whenSlow)
        val client = ConnectedClient("${ids.incrementAndGet()}", connection.remote, clock.instant(), queue)
        val member = Member(client, connection, queue)
        when (members.enter(member)) {
            Entry.Registered -> Unit

            Entry.Full -> {
                published(HubEvent.Refused(connection.remote))
                return dismiss(connection, control(Control.REFUSED, Control.TOO_MANY_CLIENTS))
            }

            Entry.Closed -> return dismiss(connection, control(Control.SHUTDOWN, true))
        }
        var failure: Throwable? = null
        try {
            happened(HubEvent.Connected(client)) { listener.onConnected(client) }
            coroutineScope {
                val writer = launch { write(member) }
                // Whoever waits until somebody takes what has been received does not see the end.
                val watch = launch {
                    connection.awaitClosed()
                    throw ConnectionClosed(connection.endpoint, connection.closeReason ?: CloseReason.Local)
                }
                read(member)
                // Gone: what is sent from now on is not for it, but it may still listen to what has been.
                members.leave(member)
                queue.close()
                withTimeoutOrNull(LAST_WORDS) { writer.join() } ?: writer.cancel()
                watch.cancel()
            }
        } catch (e: Throwable) {
            failure = e.takeIf { currentCoroutineContext().isActive }?.let { cause(member, it) }
            if (e !is IOException) throw e
        } finally {
            members.leave(member)
            queue.drop()
            connection.close()
            happened(HubEvent.Disconnected(client, failure)) { listener.onDisconnected(client, failure) }
        }
    }

    /** Nothing, if we have ended it ourselves. */
    private fun cause(member: Member, failure: Throwable): Throwable? =
        if (failure is ConnectionClosed) member.failure ?: member.connection.failure() else failure

    private fun Connection.failure(): Throwable? = when (val reason = closeReason) {
        is CloseReason.Failure -> reason.cause
        is CloseReason.Timeout -> reason.cause
        is CloseReason.Reset -> ConnectionReset(endpoint)
        else -> null
    }

    private suspend fun dismiss(connection: Connection, why: ByteBuffer) {
        withTimeoutOrNull(LAST_WORDS) { connection.write(why) }
    }

    /** Writes until the queue is closed and empty; then nothing more is to come. */
    private suspend fun write(member: Member) {
        try {
            while (true) {
                val messages = member.queue.take(BATCH) ?: break
                member.connection.write(messages)
                member.queue.left(messages.size)
            }
            member.connection.shutdownOutput()
        } catch (e: IOException) {
            if (e !is ConnectionClosed) member.failure = e
            // Whoever reads meets the same, or is told here.
            member.connection.close()
        }
    }

    private suspend fun read(member: Member) {
        val frames: Framed<Message> = member.connection.framed(codec)
        while (true) {
            val message = try {
                frames.receive() ?: break
            } catch (e: MalformedFrame) {
                published(HubEvent.Malformed(member.client, e))
                if (options.endMalformed) throw e
                continue
            } catch (e: FrameTooLarge) {
                published(HubEvent.Malformed(member.client, e))
                throw e
            }
            take(member, message)
        }
    }

    private suspend fun take(member: Member, message: Message) {
        if (message.type == MessageType.CONTROL) return answer(member, message)
        if (!options.allowClientSend) {
            published(HubEvent.SendRefused(member.client))
            reply(member, control(Control.REFUSED, Control.SENDING_NOT_ALLOWED))
            return
        }
        val received = ReceivedMessage(member.client, message)
        told { listener.onMessage(received) }
        when (options.whenReceivedFull) {
            WhenSlow.DropOldest -> inbox.push(received).forEach { published(HubEvent.ReceivedDropped(it.client)) }

            WhenSlow.DropNewest -> if (!inbox.offer(received)) published(HubEvent.ReceivedDropped(member.client))

            WhenSlow.Suspend -> inbox.put(received)

            WhenSlow.Disconnect -> if (!inbox.offer(received)) {
                published(HubEvent.ReceivedDropped(member.client))
                member.connection.close()
            }
        }
    }

    /** Says [message] if there is room for it: whoever does not listen need not be answered. */
    private fun reply(member: Member, message: ByteBuffer) {
        if (member.queue.offer(message) == OutboundQueue.Offer.Overflowed) member.connection.close()
    }

    private fun answer(member: Member, message: Message) {
        if (Control.PING in message.data) pong(member, message.data[Control.PING])
        if (Control.HELLO in message.data) {
            val self = mapOf(
                "event" to event,
                "id" to member.client.id,
                "max_frame" to options.maxFrame,
                "may_send" to options.allowClientSend,
            )
            reply(member, control(Control.HELLO, self))
        }
    }

    private fun pong(member: Member, value: Any?) {
        try {
            reply(member, control(Control.PONG, value))
        } catch (e: FrameTooLarge) {
            // As large as it may be already, and the answer has a longer word and time.
            published(HubEvent.Malformed(member.client, e))
        }
    }

    private fun control(key: String, value: Any?): ByteBuffer {
        val message = Message.of(event, mapOf(key to value), MessageType.CONTROL, clock)
        return codec.encode(message, Endpoint.Local("hub", event)).single()
    }

    private fun happened(event: HubEvent, tell: () -> Unit) {
        published(event)
        told(tell)
    }

    private fun published(event: HubEvent) {
        happened.tryEmit(event)
    }

    private fun told(tell: () -> Unit) {
        try {
            tell()
        } catch (e: Throwable) {
            log.error("the listener of the hub of {} failed", event, e)
        }
    }

    private companion object {
        const val EVENTS = 1024
        const val BATCH = 64

        /** For what waits for a client that has ended its stream. */
        val LAST_WORDS = 2.seconds
        val log = LoggerFactory.getLogger(Reception::class.java)
    }
}
