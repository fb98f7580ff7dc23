package io.hawser.event

/** One of the two ways that bytes go over a connection, as this side sees it. */
public enum class Direction {
    /** From the peer to us. */
    Input,

    /** From us to the peer. */
    Output,
}
