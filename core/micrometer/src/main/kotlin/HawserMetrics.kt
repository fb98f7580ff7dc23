package io.hawser.micrometer

import io.micrometer.core.instrument.Counter
import io.micrometer.core.instrument.FunctionCounter
import io.micrometer.core.instrument.FunctionTimer
import io.micrometer.core.instrument.Gauge
import io.micrometer.core.instrument.Meter
import io.micrometer.core.instrument.MeterRegistry
import io.micrometer.core.instrument.Tags
import io.micrometer.core.instrument.TimeGauge
import io.micrometer.core.instrument.Timer
import io.micrometer.core.instrument.binder.MeterBinder
import java.util.IdentityHashMap
import java.util.concurrent.TimeUnit.NANOSECONDS
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.CoroutineStart.UNDISPATCHED
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.cancel
import kotlinx.coroutines.launch
import org.slf4j.LoggerFactory

/**
 * Meters of one thing of Hawser, in any number of registries. They are removed again when that has ended, or by [close].
 *
 * A meter takes the place of one that has its name and its tags already: so a server that was started again has its own, and two things that
 * live side by side at the same endpoint want a tag to tell them apart.
 */
public abstract class HawserMetrics internal constructor(private val tags: Tags) :
    MeterBinder,
    AutoCloseable {
    private val scope = CoroutineScope(Dispatchers.Default)

    /** Guarded by the monitor, like what follows. */
    private val bound = mutableListOf<Bound>()
    private var isWatched = false
    private var isClosed = false

    private class Bound(val registry: MeterRegistry, val meters: MutableList<Meter> = mutableListOf()) {
        fun clear() = synchronized(registry) {
            val present = IdentityHashMap<Meter, Unit>().also { known -> registry.meters.forEach { known[it] = Unit } }
            // One of those that have taken the place of ours is not ours.
            meters.filter { it in present }.forEach(registry::remove)
        }
    }

    /** Registers the meters; does nothing once they have been removed. */
    @Synchronized
    final override fun bindTo(registry: MeterRegistry) {
        if (isClosed) return
        val place = Bound(registry)
        bound += place
        try {
            Meters(registry, tags) { place.meters += it }.register()
        } catch (e: Throwable) {
            bound -= place
            place.clear()
            throw e
        }
        if (isWatched) return
        isWatched = true
        scope.launch(start = UNDISPATCHED) {
            try {
                watch()
            } catch (e: CancellationException) {
                throw e
            } catch (e: Throwable) {
                log.error("meters have failed and are removed: {}", tags, e)
            } finally {
                close()
            }
        }
    }

    /** Removes the meters from all registries. Idempotent, from any thread. */
    @Synchronized
    final override fun close() {
        isClosed = true
        scope.cancel()
        bound.forEach(Bound::clear)
        bound.clear()
    }

    internal abstract fun Meters.register()

    /** Returns when what has the meters has ended. Begins in the thread of who binds, and goes on where it may not wait. */
    internal abstract suspend fun watch()

    /** Adds meters to those of all registries, while there are some. */
    @Synchronized
    internal fun addToAll(add: Meters.() -> Unit) {
        for (place in bound) Meters(place.registry, tags) { place.meters += it }.add()
    }

    private companion object {
        val log = LoggerFactory.getLogger(HawserMetrics::class.java)
    }
}

/** Registers meters in [registry], all of them with [tags], and gives each to [registered]. They do not keep alive what they are about. */
internal class Meters(val registry: MeterRegistry, private val tags: Tags, private val registered: (Meter) -> Unit) {
    fun <T : Any> gauge(name: String, of: T, unit: String?, description: String, vararg tag: String, value: (T) -> Number) {
        add(name, unit, description, Meter.Type.GAUGE, tag) { all ->
            Gauge.builder(name, of) { value(it).toDouble() }.tags(all).baseUnit(unit).description(description).register(registry)
        }
    }

    fun <T : Any> counter(name: String, of: T, unit: String?, description: String, vararg tag: String, value: (T) -> Long) {
        add(name, unit, description, Meter.Type.COUNTER, tag) { all ->
            FunctionCounter.builder(name, of) { value(it).toDouble() }.tags(all).baseUnit(unit).description(description).register(registry)
        }
    }

    fun <T : Any> time(name: String, of: T, description: String, vararg tag: String, nanoseconds: (T) -> Long) {
        add(name, null, description, Meter.Type.GAUGE, tag) { all ->
            TimeGauge.builder(name, of, NANOSECONDS) { nanoseconds(it).toDouble() }.tags(all).description(description).register(registry)
        }
    }

    fun <T : Any> timed(name: String, of: T, description: String, count: (T) -> Long, nanoseconds: (T) -> Long) {
        add(name, null, description, Meter.Type.TIMER, emptyArray()) { all ->
            FunctionTimer.builder(name, of, { count(it) }, { nanoseconds(it).toDouble() }, NANOSECONDS)
                .tags(all).description(description).register(registry)
        }
    }

    fun timer(name: String, description: String, vararg tag: String): Timer =
        add(name, null, description, Meter.Type.TIMER, tag) { all ->
            Timer.builder(name).tags(all).description(description).register(registry)
        }

    fun count(name: String, unit: String?, description: String, vararg tag: String): Counter =
        add(name, unit, description, Meter.Type.COUNTER, tag) { all ->
            Counter.builder(name).tags(all).baseUnit(unit).description(description).register(registry)
        }

    private fun <M : Meter> add(
        name: String,
        unit: String?,
        description: String,
        type: Meter.Type,
        tag: Array<out String>,
        register: (Tags) -> M,
    ): M {
        val all = tags.and(*tag)
        return synchronized(registry) {
            registry.removeByPreFilterId(Meter.Id(name, all, unit, description, type))
            register(all).also(registered)
        }
    }
}
