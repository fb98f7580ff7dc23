package io.hawser.testkit

/** What a [RunningFaultProxy] does with a client that has just connected. */
public enum class OnConnect {
    /** Connects to the server and carries what the two send each other. */
    Carry,

    /** Resets it at once; the server never hears of it. Where there are no resets, as on Unix sockets, that is an end. */
    Refuse,

    /** Accepts it and ends it at once, as a server does that has no room, and without a reset; the server never hears of it. */
    Close,
}
