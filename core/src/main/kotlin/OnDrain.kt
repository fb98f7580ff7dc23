package io.hawser

/** What happens to the connections of a server that shuts down, until its grace is over. */
public enum class OnDrain {
    /** Their handlers come to an end by themselves; [RunningServer.draining] and [Connection.draining] tell them that it is time. */
    AwaitHandlers,

    /** Reads that would have to wait return the end of the stream instead; what has arrived is still read, as fast as the handler likes. */
    EndInput,
}
