package io.hawser.broker

import java.time.Instant
import java.util.concurrent.atomic.AtomicInteger
import kotlin.random.Random

/** Chooses who answers a request, of those on its channel that have room. It is asked by several threads at once, and returns at once. */
public fun interface ProviderChoice {
    /** The index of the one, in [providers], of which there is at least one. */
    public fun choose(providers: List<ProviderInfo>): Int

    public companion object {
        /** Who has the fewest requests, and of several with as many each in turn. */
        @JvmField
        public val leastInFlight: ProviderChoice =
            ProviderChoice { providers -> providers.indices.minBy { providers[it].inFlight } }

        /** Each in turn, whatever it has to do. */
        @JvmStatic
        public fun roundRobin(): ProviderChoice {
            val turn = AtomicInteger()
            return ProviderChoice { providers -> Math.floorMod(turn.getAndIncrement(), providers.size) }
        }

        /** Any. */
        @JvmStatic
        @JvmOverloads
        public fun random(random: Random = Random): ProviderChoice = ProviderChoice { providers -> random.nextInt(providers.size) }
    }
}

/**
 * A provider as [ProviderChoice] sees it.
 *
 * @property peerId the connection that it is on, as [ConnectedPeer.id] has it.
 * @property capacity how many requests it takes at a time.
 * @property inFlight how many it has.
 * @property registeredAt since when it is there.
 */
public class ProviderInfo(public val peerId: Long, public val capacity: Int, public val inFlight: Int, public val registeredAt: Instant) {
    override fun toString(): String = "provider $peerId ($inFlight of $capacity)"
}
