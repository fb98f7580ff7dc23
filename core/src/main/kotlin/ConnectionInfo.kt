package io.hawser

import java.net.SocketAddress
import kotlin.time.Duration
import kotlin.time.toJavaDuration

/** A connection of a server as it was at one moment. */
public class ConnectionInfo internal constructor(
    public val id: Long,
    public val local: SocketAddress,
    public val remote: SocketAddress,
    /** How long it has been open. */
    @get:JvmSynthetic
    public val age: Duration,
    /** How long ago the last byte came or left. */
    @get:JvmSynthetic
    public val idle: Duration,
    public val bytesRead: Long,
    public val bytesWritten: Long,
) {
    /** For Java: see [age]. */
    @JvmName("getAge")
    public fun ageAsJava(): java.time.Duration = age.toJavaDuration()

    /** For Java: see [idle]. */
    @JvmName("getIdle")
    public fun idleAsJava(): java.time.Duration = idle.toJavaDuration()

    override fun toString(): String =
        "connection $id from $remote: age $age, idle $idle, $bytesRead bytes read, $bytesWritten bytes written"
}
