package io.hawser

import io.hawser.event.DropReason

/** What a server of datagrams has done so far, as it was at one moment. */
public data class DatagramTotals(
    /** Datagrams that have come in. */
    public val received: Long,
    /** Those of them whose handler has ended by itself, also by failing. */
    public val handled: Long,
    /** Those of them whose handler failed. */
    public val failed: Long,
    /** Datagrams, come in or replies, that went no further: [DropReason] says why. */
    public val dropped: Long,
    /** Bytes that have come in. */
    public val bytesRead: Long,
    /** Bytes that the system has taken. */
    public val bytesWritten: Long,
    /** Events that somebody who collects them, or is told of them, did not get because he was too slow. */
    public val droppedEvents: Long,
)
