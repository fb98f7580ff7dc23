package io.hawser.broker.serving

import java.util.TreeMap

/**
 * Requests that wait until somebody has room for them, in the order in which they came; one that comes back has its old place. Guarded by its
 * monitor, within which it calls nobody.
 */
internal class Line {
    /** By their tickets. */
    private val patient = TreeMap<Long, Exchange>()
    private val impatient = TreeMap<Long, Exchange>()
    private var tickets = 0L

    @Volatile
    var size = 0
        private set

    val isEmpty: Boolean get() = size == 0

    @Synchronized
    fun join(exchange: Exchange) {
        if (exchange.ticket == 0L) exchange.ticket = ++tickets
        of(exchange)[exchange.ticket] = exchange
        count()
    }

    /** For whoever knows whether [exchange] has joined, as all do that have held its monitor since. */
    fun leave(exchange: Exchange) {
        // Most have never stood here, and take no lock.
        if (exchange.ticket != 0L) remove(exchange)
    }

    @Synchronized
    private fun remove(exchange: Exchange) {
        of(exchange).remove(exchange.ticket)
        count()
    }

    @Synchronized
    fun poll(): Exchange? {
        val first = listOfNotNull(patient.firstEntry(), impatient.firstEntry()).minByOrNull { it.key }?.value ?: return null
        remove(first)
        return first
    }

    /** Takes out those that do not wait for a provider. */
    @Synchronized
    fun removeImpatient(): List<Exchange> {
        val all = impatient.values.toList()
        impatient.clear()
        count()
        return all
    }

    private fun of(exchange: Exchange) = if (exchange.isPatient) patient else impatient

    private fun count() {
        size = patient.size + impatient.size
    }
}
