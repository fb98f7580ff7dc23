package io.hawser

/**
 * How a server ended.
 *
 * @property drained how many connections came to their own end after it had stopped accepting; of a server of datagrams, how many datagrams
 * were handled.
 * @property cut how many connections were cut; of a server of datagrams, how many datagrams were not handled.
 */
public data class ShutdownReport(public val drained: Int, public val cut: Int)
