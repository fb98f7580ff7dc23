package io.hawser.testkit

/**
 * What a [RunningDatagramFaultProxy] has done so far to datagrams of either direction, as it was at one moment. Each that came in counts
 * once, whatever becomes of its copy. What was to be done counts from when the datagram came in; silence may still drop it.
 */
public data class DatagramFaultTotals(
    /** Datagrams that have come in. */
    public val received: Long,
    /** Those of them that were lost by chance, in silence, or because too many were on their way or they were too long. */
    public val dropped: Long,
    /** Those that are sent on twice. */
    public val duplicated: Long,
    /** Those that are sent on behind the one that came after them, because of the share that is to be. */
    public val reordered: Long,
    /** Those that are sent on with one bit flipped. */
    public val corrupted: Long,
    /** Those that could not be sent on: nobody receives there, or the sender has no address to answer. */
    public val failed: Long,
)
