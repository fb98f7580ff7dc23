package io.hawser

import java.net.SocketAddress
import kotlin.time.Duration
import kotlin.time.toJavaDuration

/** A connection of a server as it was at one moment. */
public class ConnectionInfo internal constructor(
    /** [Connection.id]. */
    public val id: Long,
    /** Our address. */
    public val local: SocketAddress,
    /** The peer's address. */
    public val remote: SocketAddress,
    /** How long it has been open. */
    @get:JvmSynthetic
    public val age: Duration,
    /** How long ago the last byte came or left. */
    @get:JvmSynthetic
    public val idle: Duration,
    /** How many bytes had come in: [Connection.bytesRead]. */
    public val bytesRead: Long,
    /** How many bytes the transport had taken: [Connection.bytesWritten]. */
    public val bytesWritten: Long,
    /**
     * Bytes per second that have come in: since somebody asked a second ago, or two at most where somebody asks all the time, else since
     * the last time that somebody did, or since it was opened.
     */
    public val readRate: Double,
    /** Bytes per second that have left, over the same time as [readRate]. */
    public val writeRate: Double,
    /** Whether a rate of the options holds it back, or has within the last second. */
    public val throttled: Boolean,
) {
    /** For Java: see [age]. */
    @JvmName("getAge")
    public fun ageAsJava(): java.time.Duration = age.toJavaDuration()

    /** For Java: see [idle]. */
    @JvmName("getIdle")
    public fun idleAsJava(): java.time.Duration = idle.toJavaDuration()

    override fun toString(): String =
        "connection $id from $remote: age $age, idle $idle, $bytesRead bytes read, $bytesWritten bytes written" +
            if (throttled) ", throttled" else ""
}
