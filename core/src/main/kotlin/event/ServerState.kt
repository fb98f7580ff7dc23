package io.hawser.event

import io.hawser.ShutdownReport
import java.net.SocketAddress

/**
 * Where a server is in its life.
 *
 * ```
 * Listening --shutdown, stopAccepting--> Draining --last handler ended, or cut--> Closed
 *     '---------close, scope cancelled-------'------------------------------------^
 *     '---------its loop died----------------'--> Failed
 * ```
 */
public sealed interface ServerState {
    /** It accepts on [address]. */
    public data class Listening(public val address: SocketAddress) : ServerState

    /** It accepts no more; handlers are still at work. */
    public data object Draining : ServerState

    /** It has ended: nothing of it runs, its address is free. */
    public data class Closed(public val report: ShutdownReport) : ServerState

    /** It has ended because of [cause]: nothing of it runs, its address is free. */
    public data class Failed(public val cause: Throwable) : ServerState
}
