package io.hawser.broker.wire

/** Why something ends, as frames say it. */
internal enum class Code(val number: Int) {
    PEACE(0),
    NO_PROVIDER(1),
    PROVIDER_LOST(2),
    TIMED_OUT(3),
    GOING_AWAY(4),
    NOT_ADMITTED(5),
    HEADERS_TOO_LARGE(6),
    BROKEN_BODY(7),
    TOO_MANY_OF_CONNECTION(16),
    TOO_MANY(17),
    TOO_MANY_BYTES_OF_CONNECTION(18),
    TOO_MANY_BYTES(19),
    TOO_MANY_WAITING(20),
    TOO_MANY_CHANNELS(21),
    TOO_MANY_REGISTRATIONS(22),
    OVERLOADED(23),
    VERSION(32),
    MALFORMED(33),
    FRAME_TOO_LARGE(34),
    CREDIT(35),
    ID(36),
    ORDER(37),
    ;

    /** Whether there is too much of something. */
    val isOverload: Boolean get() = number in overload

    companion object {
        private val overload = 16..31
        private val violations = 32..47
        private val known = entries.associateBy { it.number }

        /** What [number] means to this version, which may not know it. A handler may have begun where nothing says otherwise. */
        fun of(number: Int): Code = known[number] ?: when (number) {
            in overload -> OVERLOADED
            in violations -> MALFORMED
            else -> PROVIDER_LOST
        }
    }
}
