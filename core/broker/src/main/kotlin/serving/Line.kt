package io.hawser.broker.serving

/** Requests that wait until somebody has room for them, in the order in which they came. Guarded by its monitor, within which it calls nobody. */
internal class Line {
    private val waiting = LinkedHashSet<Exchange>()

    @Volatile
    var size = 0
        private set

    val isEmpty: Boolean get() = size == 0

    @Synchronized
    fun join(exchange: Exchange) {
        waiting.add(exchange)
        size = waiting.size
    }

    @Synchronized
    fun leave(exchange: Exchange) {
        if (waiting.remove(exchange)) size = waiting.size
    }

    @Synchronized
    fun poll(): Exchange? {
        val first = waiting.firstOrNull() ?: return null
        leave(first)
        return first
    }

    /** Takes out those that do not wait for a provider. */
    @Synchronized
    fun removeImpatient(): List<Exchange> {
        val impatient = waiting.filterNot { it.isPatient }
        impatient.forEach(::leave)
        return impatient
    }
}
