package io.hawser

/** What a server that has [ServerOptions.maxConnections] does with the next. */
public enum class WhenFull {
    /** Accepts it, closes it and reports it: its client learns at once. */
    Refuse,

    /** Leaves it to wait in the backlog until somebody goes. */
    Pause,
}
