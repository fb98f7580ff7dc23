package io.hawser

/**
 * How a server ended: how many connections came to their own end after it had stopped accepting, and how many were cut. Of a server of
 * datagrams, how many datagrams were handled, and how many were not.
 */
public data class ShutdownReport(public val drained: Int, public val cut: Int)
