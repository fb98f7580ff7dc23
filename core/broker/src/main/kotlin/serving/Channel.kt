package io.hawser.broker.serving

import io.hawser.broker.ChannelStats
import io.hawser.broker.Latency
import io.hawser.broker.Role
import io.hawser.broker.routing.Choice
import io.hawser.broker.routing.Router
import io.hawser.broker.routing.RoutingApi
import java.util.UUID
import java.util.concurrent.atomic.AtomicInteger
import java.util.concurrent.atomic.LongAdder

/** What is known of a channel for as long as somebody is registered on it: who waits for room, and what has been. */
@OptIn(RoutingApi::class)
internal class Channel(val id: UUID, private val router: Router) {
    val line = Line()
    val providers = AtomicInteger()
    val consumers = AtomicInteger()
    val requests = LongAdder()
    val latency = Histogram()

    /** Requests that somebody has been given. */
    val inFlight = AtomicInteger()

    fun count(role: Role): AtomicInteger = if (role == Role.PROVIDER) providers else consumers

    /** How often it was to be served while it was being served: one does it, for all. */
    private val wanted = AtomicInteger()

    /**
     * Gives those who wait to whom there is, first come first served. Without locks. What that frees is not given on deeper in the stack, nor
     * by two at once.
     */
    fun serve() {
        if (line.isEmpty || wanted.getAndIncrement() > 0) return
        var seen = 1
        try {
            do {
                serveOnce()
                seen = wanted.addAndGet(-seen)
            } while (seen > 0)
        } catch (e: Throwable) {
            wanted.set(0)
            throw e
        }
    }

    private fun serveOnce() {
        while (!line.isEmpty) {
            when (val choice = router.choose(id)) {
                is Choice.Chosen -> if (!hand(choice)) return

                Choice.Full -> return

                Choice.Nobody -> {
                    line.removeImpatient().forEach { it.nobody() }
                    return
                }
            }
        }
    }

    /** Uses the place of [chosen] for the first who still wants it; false if there was none. */
    private fun hand(chosen: Choice.Chosen): Boolean {
        while (true) {
            val next = line.poll()
            if (next == null) {
                router.release(chosen)
                return false
            }
            when (next.assign(chosen)) {
                Exchange.Assigned.Given -> return true

                Exchange.Assigned.Over -> continue

                Exchange.Assigned.Gone -> {
                    router.gone(chosen)
                    next.standInLine()
                    return true
                }
            }
        }
    }

    fun stats(hasLatency: Boolean = true): ChannelStats {
        val took = if (hasLatency) latency.snapshot() else Latency(0) { 0 }
        return ChannelStats(providers.get(), consumers.get(), inFlight.get(), line.size, requests.sum(), took)
    }

    override fun toString(): String = "channel $id"
}
