package io.hawser.event

import io.hawser.ShutdownReport
import java.net.SocketAddress

/**
 * Where a server is in its life.
 *
 * ```
 * Listening --stopAccepting--> NotAccepting --shutdown--> Draining --last handler ended, or cut--> Closed
 *     |'-------------------shutdown-------------------------^                                        ^
 *     '--close, scope cancelled, its loop died: from anywhere----------------------------------------'  (Failed, if its loop died)
 * ```
 */
public sealed interface ServerState {
    /** It accepts on [address]. */
    public data class Listening(public val address: SocketAddress) : ServerState

    /** It accepts no more; its connections go on as before. It is closed when the last of them has ended. */
    public data object NotAccepting : ServerState

    /** It shuts down: it accepts no more, and handlers are still at work. */
    public data object Draining : ServerState

    /** It has ended, as [report] tells: nothing of it runs, its address is free. */
    public data class Closed(public val report: ShutdownReport) : ServerState

    /** It has ended because of [cause]: nothing of it runs, its address is free. */
    public data class Failed(public val cause: Throwable) : ServerState
}
