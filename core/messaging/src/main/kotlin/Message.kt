package io.hawser.messaging

import io.hawser.messaging.wire.Flaw
import io.hawser.messaging.wire.FrozenMap
import io.hawser.messaging.wire.contentHash
import io.hawser.messaging.wire.frozen
import io.hawser.messaging.wire.isSameAs
import io.hawser.messaging.wire.render
import java.time.Clock
import java.time.Instant
import java.time.format.DateTimeFormatter

/**
 * What is sent about an event: [data], and when and what about. Immutable, so that any number of receivers can share one.
 *
 * [data] consists of null, Boolean, Long, Double, String, ByteArray, and Lists and Maps of such, whose keys are Strings, at most 64 of
 * them inside each other. They keep their order; arrays that are taken out are copies.
 *
 * Messages are equal if all they consist of is, arrays by what is in them and maps whatever their order.
 */
public class Message internal constructor(
    /** What it is about: 1 to 64 of `A-Z`, `a-z`, `0-9`, `_` and `-`. */
    public val eventName: String,
    /** When it was made, in milliseconds since 1970. */
    public val timestampMs: Long,
    /** The same for people, in the time zone of whoever made it; of a received message it is what the peer says. */
    public val timestampIso: String,
    /** Whether it brings data, tells of an error, or is between hub and client. */
    public val type: MessageType,
    internal val content: FrozenMap,
    /** About the bytes that it takes in memory, if it was received. */
    internal val weight: Long = 0,
) {
    /** What it says, in the types that the class names; it cannot be changed. */
    public val data: Map<String, Any?> get() = content

    /** What [codec] reads in [data]; fails as that does. */
    public fun <T> payload(codec: PayloadCodec<T>): T = codec.decode(data)

    override fun equals(other: Any?): Boolean = other is Message && eventName == other.eventName && timestampMs == other.timestampMs &&
        timestampIso == other.timestampIso && type == other.type && content.isSameAs(other.content)

    override fun hashCode(): Int = (eventName.hashCode() * 31 + timestampMs.hashCode()) * 31 + content.contentHash()

    /** Long data is cut short, and of arrays there is only the size. */
    override fun toString(): String = "Message($eventName, ${type.word}, ${Instant.ofEpochMilli(timestampMs)}, ${render(content)})"

    public companion object {
        /** Milliseconds always, and an offset that every parser of ISO 8601 knows, Python's too. */
        private val iso = DateTimeFormatter.ofPattern("uuuu-MM-dd'T'HH:mm:ss.SSSxxx")

        /**
         * A message about [event], made at the time of [clock] and dated in its zone: `Clock.system(ZoneId.of("Europe/Paris"))`.
         *
         * Copies [data]. Byte, Short and Int become Long, and Float becomes Double.
         *
         * @throws IllegalArgumentException if [event] is no name of an event, or for what in [data] is none of the types above, a key
         * that is no String, a half of a surrogate pair, or nesting too deep; it says where.
         */
        @JvmStatic
        @JvmOverloads
        public fun of(
            event: String,
            data: Map<String, Any?>,
            type: MessageType = MessageType.DATA,
            clock: Clock = Clock.systemUTC(),
        ): Message {
            requireEventName(event)
            val content = try {
                frozen(data)
            } catch (e: Flaw) {
                throw IllegalArgumentException("${e.path("data")}: ${e.what}")
            }
            val ms = clock.millis()
            return Message(event, ms, iso.format(Instant.ofEpochMilli(ms).atZone(clock.zone)), type, content)
        }

        /** A message about [event] whose data is what [codec] makes of [payload]; otherwise as for data. */
        @JvmStatic
        @JvmOverloads
        public fun <T> of(
            event: String,
            payload: T,
            codec: PayloadCodec<T>,
            type: MessageType = MessageType.DATA,
            clock: Clock = Clock.systemUTC(),
        ): Message = of(event, codec.encode(payload), type, clock)
    }
}
