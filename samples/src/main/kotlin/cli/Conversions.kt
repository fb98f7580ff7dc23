package io.hawser.samples.cli

import io.hawser.Admission
import io.hawser.Endpoint
import io.hawser.Hawser
import io.hawser.messaging.Message
import io.hawser.messaging.WhenSlow
import io.hawser.samples.tls.withoutTls
import java.util.UUID
import kotlin.time.Duration
import kotlin.time.toJavaDuration
import kotlin.time.toKotlinDuration
import picocli.CommandLine.TypeConversionException

/** Where to listen. */
internal class ServerEndpoint(val endpoint: Endpoint)

/** Whom to connect to. */
internal class ClientEndpoint(val endpoint: Endpoint)

/** How many event loops: a number that a process can have threads for. */
internal class LoopCount(val value: Int)

/** How many connections at a time. */
internal class ConnectionLimit(val value: Int)

/** How many bytes a datagram has. */
internal class BlockSize(val value: Int)

/** How many messages to keep. */
internal class MessageLimit(val value: Int)

/** How many messages to wait for. */
internal class MessageCount(val value: Int)

/** What the messages of a hub are about. */
internal class EventName(val value: String)

/** Where requests of a broker are asked and answered. */
internal class ChannelId(val value: UUID)

/** How many commands run at a time. */
internal class CommandLimit(val value: Int)

/** A time that is longer than none. */
internal class Timeout(val value: Duration)

private val loopCounts = 1..1024
private val blockSizes = 1..65_507
private val connectionLimits = 1..Int.MAX_VALUE
private val messageLimits = 0..Int.MAX_VALUE
private val messageCounts = 1..Int.MAX_VALUE
private val commandLimits = 1..1024
private val uuid = Regex("[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
private val policies = WhenSlow.entries.associateBy { it.name.replace(Regex("(?<=[a-z])(?=[A-Z])"), "-").lowercase() }

internal fun serverEndpoint(text: String): ServerEndpoint =
    ServerEndpoint(
        endpoint(text, "127.0.0.1:9002, tls://*:9443, udp://*:0, unix:/run/app.sock, unixgram:@log") {
            if (it.isDatagram) Hawser.datagramServer(it) else Hawser.streamServer(it.withoutTls())
        },
    )

internal fun clientEndpoint(text: String): ClientEndpoint =
    ClientEndpoint(
        endpoint(text, "db.example:5432, tls://db.example:443, udp://localhost:53, unix:/run/app.sock, unixgram:/dev/log") {
            if (it.isDatagram) Hawser.datagramClient(it) else Hawser.streamClient(it)
        },
    )

private fun endpoint(text: String, examples: String, use: (Endpoint) -> Unit): Endpoint = try {
    Endpoint.parse(text).also(use)
} catch (e: IllegalArgumentException) {
    throw TypeConversionException("${e.message} (allowed: $examples and the like)")
} catch (e: IllegalStateException) {
    throw TypeConversionException("${e.message}")
}

internal fun admission(text: String): Admission = try {
    Admission.allow(text)
} catch (e: IllegalArgumentException) {
    throw TypeConversionException("${e.message} (allowed: blocks and addresses, such as 10.0.0.0/8, 2001:db8::/32 or 127.0.0.1)")
}

internal fun loopCount(text: String): LoopCount = LoopCount(number(text, loopCounts))

internal fun connectionLimit(text: String): ConnectionLimit = ConnectionLimit(number(text, connectionLimits))

internal fun messageLimit(text: String): MessageLimit = MessageLimit(number(text, messageLimits))

internal fun messageCount(text: String): MessageCount = MessageCount(number(text, messageCounts))

internal fun eventName(text: String): EventName = try {
    EventName(Message.of(text, emptyMap()).eventName)
} catch (e: IllegalArgumentException) {
    throw TypeConversionException("${e.message}")
}

/** The JDK's own parser takes less than a UUID. */
internal fun channelId(text: String): ChannelId = if (uuid.matches(text)) {
    ChannelId(UUID.fromString(text))
} else {
    throw TypeConversionException("\"$text\" is not a UUID, such as 7d444840-9dc0-11d1-b245-5ffdce74fad2")
}

internal fun commandLimit(text: String): CommandLimit = CommandLimit(number(text, commandLimits))

internal fun whenSlow(text: String): WhenSlow =
    policies[text] ?: throw TypeConversionException("\"$text\" is none of ${policies.keys.joinToString()}")

internal fun blockSize(text: String): BlockSize = BlockSize(number(text, blockSizes))

internal fun timeout(text: String): Timeout = duration(text).toKotlinDuration().takeIf { it.isPositive() }?.let(::Timeout)
    ?: throw TypeConversionException("\"$text\" is not a duration over zero, such as 500ms, 5s or 1m")

/** picocli carries java.time's durations: Kotlin's are a plain long to it. */
internal fun duration(text: String): java.time.Duration {
    val duration = Duration.parseOrNull(text)?.takeIf { it.isFinite() && !it.isNegative() }
    return duration?.toJavaDuration() ?: throw TypeConversionException("\"$text\" is not a duration such as 500ms, 5s or 1m")
}

private fun number(text: String, allowed: IntRange): Int = text.toIntOrNull()?.takeIf { it in allowed }
    ?: throw TypeConversionException("\"$text\" is not a number from ${allowed.first} to ${allowed.last}")
