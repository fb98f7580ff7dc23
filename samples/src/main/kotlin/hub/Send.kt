package io.hawser.samples.hub

import io.hawser.ClientOptions
import io.hawser.Connection
import io.hawser.framing.framed
import io.hawser.messaging.HubRefused
import io.hawser.messaging.Message
import io.hawser.messaging.MessageCodec
import io.hawser.messaging.MessageType
import io.hawser.samples.cli.Console
import io.hawser.samples.connect.StandardInput
import io.hawser.samples.tls.streamClient
import java.io.IOException
import kotlin.time.Duration
import kotlinx.coroutines.async
import kotlinx.coroutines.withTimeoutOrNull

private const val HELLO = "hello"
private const val MAY_SEND = "may_send"
private const val MAX_FRAME = "max_frame"

/** A megabyte is enough for a line. */
private const val LARGEST = 1L shl 20
private const val PING = "ping"
private const val PONG = "pong"
private const val REFUSED = "refused"

/** A hub has not, or may not have, got everything. */
internal class NotSent(why: String) : IOException(why)

/**
 * Sends the text of [arguments], or else each line of [input], to a hub, and returns when that has said that it got everything.
 *
 * @throws io.hawser.SocketFailure
 * @throws io.hawser.tls.InvalidTlsConfiguration if the files that it was told of are of no use.
 * @throws NotSent
 * @throws io.hawser.samples.connect.InputLost if [input] cannot be read.
 */
internal suspend fun send(arguments: HubSendArguments, console: Console, input: StandardInput) {
    val options = ClientOptions { connectTimeout = arguments.connectTimeout.value }
    streamClient(arguments.endpoint.endpoint, options, arguments::clientTls).connect { connection ->
        val hub = Recipient(connection, arguments.event.value)
        val patience = arguments.connectTimeout.value
        hub.greet(patience)
        // What the hub sends meanwhile is taken: it may wait for those who do not.
        val end = async { hub.hear(PONG) }
        val text = arguments.text
        val lost = if (text == null) InputLines(input::read, console::tell).sendAll { hub.say(it) } else 0L.also { hub.sayText(text) }
        hub.say(mapOf(PING to true), MessageType.CONTROL)
        hub.within(patience) { end.await() }
        if (lost > 0) throw NotSent("lines that were not sent: $lost")
    }
}

/** The hub of [event] behind [connection]. */
private class Recipient(private val connection: Connection, private val event: String) {
    private val endpoint = connection.endpoint
    private var frames = connection.framed(MessageCodec())

    /** Asks who it is, so that nothing is sent in vain. */
    suspend fun greet(patience: Duration) {
        say(mapOf(HELLO to true), MessageType.CONTROL)
        val answer = within(patience) { hear(HELLO) }
        val self = answer.data[HELLO] as? Map<*, *> ?: throw NotSent("$endpoint is no hub")
        if (answer.eventName != event) throw NotSent("the hub at $endpoint is about ${answer.eventName}, not $event")
        // What it would not take is refused here, line by line.
        (self[MAX_FRAME] as? Long)?.takeIf { it in 1..LARGEST }?.let { frames = connection.framed(MessageCodec(it.toInt())) }
        if (self[MAY_SEND] == false) throw HubRefused(endpoint, "sending is not allowed")
    }

    suspend fun sayText(text: String): Unit = try {
        say(dataOf(text))
    } catch (e: IllegalArgumentException) {
        throw NotSent("the text is not sent: ${e.message}")
    }

    suspend fun say(data: Map<String, Any?>, type: MessageType = MessageType.DATA): Unit = frames.send(Message.of(event, data, type))

    /** Passes over what it sends until it says [word]. */
    suspend fun hear(word: String): Message {
        while (true) {
            val message = frames.receive() ?: throw NotSent("the hub at $endpoint has ended the connection before it had everything")
            if (message.type != MessageType.CONTROL) continue
            if (word in message.data) return message
            message.data[REFUSED]?.let { throw HubRefused(endpoint, "$it") }
        }
    }

    suspend fun <T : Any> within(patience: Duration, answer: suspend () -> T): T =
        withTimeoutOrNull(patience) { answer() }
            ?: throw NotSent("the hub at $endpoint has not answered within ${patience.inWholeMilliseconds} ms")
}
