package io.hawser.benchmarks.server

import io.netty.util.internal.PlatformDependent

/** Netty's direct memory. With some JDKs it comes from the JDK's direct buffers, with others it does not, so it is tried out. */
internal object NettyMemory {
    private const val PROBE = 1 shl 20

    private val isForeign: Boolean by lazy {
        val before = JvmServer.directBuffers()
        // As its arenas allocate: buffers for a moment may come from elsewhere.
        val probe = PlatformDependent.allocateDirect(PROBE, true)
        val known = JvmServer.directBuffers() - before
        probe.clean()
        known < PROBE / 2
    }

    /** How many bytes of it the JDK does not know of. */
    val foreign: Long get() = if (isForeign) PlatformDependent.usedDirectMemory() else 0
}
