package io.hawser.broker.routing

import io.hawser.broker.ProviderChoice
import io.hawser.broker.ProviderInfo
import java.time.Instant
import java.util.UUID
import java.util.concurrent.ConcurrentHashMap
import java.util.concurrent.atomic.AtomicBoolean
import java.util.concurrent.atomic.AtomicInteger
import org.slf4j.LoggerFactory

/** Who is connected to this broker. To choose takes no lock: those who ask work on a copy, and take a place by compare-and-set. */
@OptIn(RoutingApi::class)
internal class LocalRouter(private val choice: ProviderChoice) : Router {
    private val channels = ConcurrentHashMap<UUID, Seats>()

    @Volatile
    private var listener = ChannelListener {}

    /** How many channels somebody answers on. */
    val size: Int get() = channels.size

    override fun register(channel: UUID, target: RequestTarget): AutoCloseable {
        val seat = Seat(channel, target)
        channels.compute(channel) { _, seats -> Seats(seats?.all.orEmpty() + seat, seats?.cursor ?: AtomicInteger()) }
        listener.changed(channel)
        return AutoCloseable { remove(seat) }
    }

    override fun choose(channel: UUID): Choice {
        val (seats, cursor) = channels[channel] ?: return Choice.Nobody
        // Whoever loses a place to another one looks again; somebody has got it each time.
        repeat(ATTEMPTS) {
            val seat = pick(seats, cursor) ?: return Choice.Full
            if (seat.take()) return seat
        }
        return seats.firstOrNull { it.take() } ?: Choice.Full
    }

    override fun release(chosen: Choice.Chosen) {
        chosen as Seat
        chosen.inFlight.decrementAndGet()
        // Of one that has left there is no more room than before.
        if (!chosen.hasLeft.get()) listener.changed(chosen.channel)
    }

    override fun gone(chosen: Choice.Chosen) {
        chosen as Seat
        chosen.inFlight.decrementAndGet()
        remove(chosen)
    }

    override fun onChange(listener: ChannelListener) {
        this.listener = listener
    }

    private fun remove(seat: Seat) {
        if (!seat.hasLeft.compareAndSet(false, true)) return
        channels.computeIfPresent(seat.channel) { _, seats ->
            (seats.all - seat).takeIf { it.isNotEmpty() }?.let { Seats(it, seats.cursor) }
        }
        listener.changed(seat.channel)
    }

    private fun pick(seats: List<Seat>, cursor: AtomicInteger): Seat? =
        if (choice === ProviderChoice.leastInFlight) least(seats, cursor) else chosen(seats.filter { it.hasRoom })

    /** Who has the fewest, and of several with as many each in turn. */
    private fun least(seats: List<Seat>, cursor: AtomicInteger): Seat? {
        val from = Math.floorMod(cursor.getAndIncrement(), seats.size)
        var best: Seat? = null
        var fewest = Int.MAX_VALUE
        for (i in seats.indices) {
            val seat = seats[(from + i) % seats.size]
            val count = seat.inFlight.get()
            if (count < fewest && seat.hasRoom) {
                best = seat
                fewest = count
            }
        }
        return best
    }

    private fun chosen(free: List<Seat>): Seat? {
        if (free.isEmpty()) return null
        val index = try {
            choice.choose(free.map { it.info })
        } catch (e: Exception) {
            log.error("the choice of a provider failed, and the first one is taken", e)
            0
        }
        if (index !in free.indices) log.error("the choice of a provider was {} of {}, and the first one is taken", index, free.size)
        return free.getOrElse(index) { free.first() }
    }

    private data class Seats(val all: List<Seat>, val cursor: AtomicInteger)

    private class Seat(val channel: UUID, target: RequestTarget) : Choice.Chosen(target) {
        val inFlight = AtomicInteger()
        val hasLeft = AtomicBoolean()
        private val registeredAt = Instant.now()

        val hasRoom: Boolean get() = inFlight.get() < target.capacity

        val info: ProviderInfo get() = ProviderInfo(target.peerId, target.capacity, inFlight.get(), registeredAt)

        fun take(): Boolean {
            while (true) {
                val count = inFlight.get()
                if (count >= target.capacity) return false
                if (inFlight.compareAndSet(count, count + 1)) return true
            }
        }
    }

    private companion object {
        const val ATTEMPTS = 16
        val log = LoggerFactory.getLogger(LocalRouter::class.java)
    }
}
