package io.hawser.server

import io.hawser.AdmissionClass
import io.hawser.AdmissionClassTotals
import io.hawser.ServerOptions
import io.hawser.transport.RawStream
import io.hawser.transport.TransportApi
import java.util.concurrent.ConcurrentHashMap
import java.util.concurrent.atomic.AtomicInteger
import java.util.concurrent.atomic.AtomicLong

/** How many connections of each admission class there are and were, by the names of those. */
@OptIn(TransportApi::class)
internal class Classes {
    private class Count {
        val connections = AtomicInteger()
        val accepted = AtomicLong()
        val refused = AtomicLong()
    }

    private val counts = ConcurrentHashMap<String, Count>()
    private val members = ConcurrentHashMap<RawStream, Count>()

    /** Counts [stream] in, until it has [gone]. */
    fun accepted(stream: RawStream, name: String) {
        val count = count(name)
        count.connections.incrementAndGet()
        count.accepted.incrementAndGet()
        members[stream] = count
    }

    fun refused(name: String) {
        count(name).refused.incrementAndGet()
    }

    fun gone(stream: RawStream) {
        members.remove(stream)?.connections?.decrementAndGet()
    }

    /**
     * Those of [options] whose reserved places leave none to somebody of [own], or of none, beside the [connections] that there are: none
     * if he may come in. Whoever comes before a class in the list may have its places.
     */
    fun inTheWay(own: AdmissionClass?, options: ServerOptions, connections: Int): List<String> {
        val before = options.admissionClasses.takeWhile { it !== own }.filter { missing(it) > 0 }
        val kept = before.sumOf { missing(it).toLong() }
        return if (connections + kept < options.maxConnections) emptyList() else before.map(AdmissionClass::name)
    }

    fun totals(classes: List<AdmissionClass>): List<AdmissionClassTotals> = classes.map { known ->
        val count = count(known.name)
        AdmissionClassTotals(known.name, count.connections.get(), count.accepted.get(), count.refused.get())
    }

    private fun missing(known: AdmissionClass): Int = known.reserved - (counts[known.name]?.connections?.get() ?: 0)

    private fun count(name: String): Count = counts.computeIfAbsent(name) { Count() }
}
