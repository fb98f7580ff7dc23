package io.hawser

import io.hawser.event.Refusal
import java.time.Duration

/** What a server has done so far, as it was at one moment. */
public data class ServerTotals(
    /** Connections let in, the handshakes that failed since among them. */
    public val accepted: Long,
    /** Connections refused: over a limit, or not admitted. [refusedFor] says how many for what. */
    public val refused: Long,
    /** Bytes that have come in, over all connections that there were. */
    public val bytesRead: Long,
    /** Bytes that the transport has taken, over all connections that there were. */
    public val bytesWritten: Long,
    /** Events that somebody who collects them, or is told of them, did not get because he was too slow. */
    public val droppedEvents: Long,
    /** How many of [refused] there were for each reason; those that there were none for are missing. */
    public val refusedFor: Map<Class<out Refusal>, Long> = emptyMap(),
    /** What [ServerOptions.admissionClasses] have come to, in their order. */
    public val classes: List<AdmissionClassTotals> = emptyList(),
    /** Connections that have been held back by a rate. */
    public val throttled: Long = 0,
    /** For how long they have been held back, all together, each of their directions for itself. */
    public val throttledTime: Duration = Duration.ZERO,
)
