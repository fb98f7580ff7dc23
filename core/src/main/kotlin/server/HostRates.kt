package io.hawser.server

import java.net.InetAddress

/**
 * How often each of many hosts, by its [network], has come. It knows those only who have come so lately that they may not come as often as
 * at first, and never more than [most] of them: then the one who has not come for longest begins anew. For one coroutine at a time.
 */
internal class HostRates(private val most: Int = MOST) {
    private val hosts = LinkedHashMap<InetAddress, Rate>()

    val size: Int get() = hosts.size

    /** Whether [host] may come at [now], [perSecond] times a second. If so, he has. */
    fun admits(host: InetAddress, perSecond: Int, now: Long): Boolean {
        val network = host.network
        val known = hosts.remove(network)
        forget(now)
        val rate = known?.takeIf { it.perSecond == perSecond } ?: Rate(perSecond)
        hosts[network] = rate
        return rate.takeIfThere(now)
    }

    /** Forgets all of them. */
    fun clear(): Unit = hosts.clear()

    /** Who has come last is last: the first ones are those whose buckets are full first. */
    private fun forget(now: Long) {
        val eldest = hosts.values.iterator()
        while (eldest.hasNext()) {
            if (!eldest.next().isFull(now) && hosts.size < most) return
            eldest.remove()
        }
    }

    private companion object {
        const val MOST = 65_536
    }
}
