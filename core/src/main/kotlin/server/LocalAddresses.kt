package io.hawser.server

import java.net.InetAddress
import java.net.NetworkInterface
import java.net.SocketException
import kotlin.streams.asSequence
import kotlin.time.Duration.Companion.seconds
import kotlin.time.TimeSource

/** The addresses of this machine, as they were [KEPT] ago at the earliest: asking the system for them is slow, and takes a descriptor. */
internal object LocalAddresses {
    private val KEPT = 5.seconds

    @Volatile
    private var known = Known(emptySet())

    /** Any thread. Where the system does not tell, what it told last is taken for true. */
    operator fun contains(address: InetAddress): Boolean {
        if (known.isStale) known = Known(asked() ?: known.addresses)
        return address in known.addresses
    }

    private fun asked(): Set<InetAddress>? = try {
        NetworkInterface.networkInterfaces().asSequence().flatMap { it.inetAddresses().asSequence() }.toSet()
    } catch (_: SocketException) {
        null
    }

    private class Known(val addresses: Set<InetAddress>) {
        private val since = TimeSource.Monotonic.markNow()

        val isStale: Boolean get() = addresses.isEmpty() || since.elapsedNow() > KEPT
    }
}
