package io.hawser.testkit

/** What a [RunningDatagramFaultProxy] has done so far to datagrams of either direction, as it was at one moment. */
public data class DatagramFaultTotals(
    /** Datagrams that have come in. */
    public val received: Long,
    /** Those of them that were lost by chance, in silence, or because too many were on their way. */
    public val dropped: Long,
    /** Those that were sent on twice. */
    public val duplicated: Long,
    /** Those that were sent on behind the one that came after them. */
    public val reordered: Long,
    /** Those that were sent on with one bit flipped. */
    public val corrupted: Long,
    /** Those that could not be sent on: nobody receives there, or the sender has no address to answer. */
    public val failed: Long,
)
