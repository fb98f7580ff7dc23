package io.hawser

/** What a server has done so far, as it was at one moment. */
public data class ServerTotals(
    /** Connections let in, the handshakes that failed since among them. */
    public val accepted: Long,
    /** Connections refused: over a limit, or not admitted. */
    public val refused: Long,
    /** Bytes that have come in, over all connections that there were. */
    public val bytesRead: Long,
    /** Bytes that the transport has taken, over all connections that there were. */
    public val bytesWritten: Long,
    /** Events that somebody who collects them, or is told of them, did not get because he was too slow. */
    public val droppedEvents: Long,
)
