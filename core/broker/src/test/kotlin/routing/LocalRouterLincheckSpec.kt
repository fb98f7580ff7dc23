package io.hawser.broker.routing

import io.hawser.broker.ProviderChoice
import io.kotest.core.spec.style.StringSpec
import java.util.UUID
import java.util.concurrent.atomic.AtomicInteger
import org.jetbrains.lincheck.datastructures.Operation
import org.jetbrains.lincheck.datastructures.Param
import org.jetbrains.lincheck.datastructures.StressOptions
import org.jetbrains.lincheck.datastructures.ThreadIdGen
import org.jetbrains.lincheck.datastructures.Validate

class LocalRouterLincheckSpec : StringSpec({
    fun options() = StressOptions().threads(3).actorsPerThread(3).iterations(2).invocationsPerIteration(300)

    "the places of one who answers are taken and given back as one after the other" {
        options().check(PlacesModel::class)
    }

    "who comes and goes is never given more than it can take, and all that is free can be chosen afterwards" {
        options().check(ComingAndGoingModel::class)
    }
})

private const val THREADS = 5
private val channel = UUID(1, 1)

/** One who answers, of whom each thread holds places. */
@OptIn(RoutingApi::class)
class PlacesModel {
    private val router = LocalRouter(ProviderChoice.leastInFlight).also { it.register(channel, Target(1, CAPACITY)) }
    private val held = List(THREADS) { ArrayDeque<Choice.Chosen>() }

    @Operation
    fun choose(@Param(gen = ThreadIdGen::class) thread: Int): String = when (val choice = router.choose(channel)) {
        is Choice.Chosen -> "chosen".also { held[thread].addLast(choice) }
        Choice.Full -> "full"
        Choice.Nobody -> "nobody"
    }

    @Operation
    fun release(@Param(gen = ThreadIdGen::class) thread: Int) {
        router.release(held[thread].removeFirstOrNull() ?: return)
    }

    private companion object {
        const val CAPACITY = 2
    }
}

/** One who counts what it is chosen for. */
@OptIn(RoutingApi::class)
private class Counted(override val capacity: Int) : RequestTarget {
    val held = AtomicInteger()

    override val peerId: Long get() = 1

    override fun forward(request: ForwardedRequest, replies: Replies): Forwarding? = null
}

/**
 * A place for one thread each, who comes and goes there, while all choose. Who is chosen of several is nobody's promise, nor that one who
 * looks at them one by one sees a place that is free at each instant, but never the same one: whoever frees one tells.
 */
@OptIn(RoutingApi::class)
class ComingAndGoingModel {
    private val router = LocalRouter(ProviderChoice.leastInFlight)
    private val held = List(THREADS) { ArrayDeque<Choice.Chosen>() }
    private val there = arrayOfNulls<Counted>(THREADS)
    private val registrations = arrayOfNulls<AutoCloseable>(THREADS)

    @Operation
    fun come(@Param(gen = ThreadIdGen::class) thread: Int) {
        if (there[thread] != null) return
        val target = Counted(1 + thread % 2)
        there[thread] = target
        registrations[thread] = router.register(channel, target)
    }

    @Operation
    fun go(@Param(gen = ThreadIdGen::class) thread: Int) {
        registrations[thread]?.close()
        there[thread] = null
    }

    @Operation
    fun choose(@Param(gen = ThreadIdGen::class) thread: Int) {
        val place = router.choose(channel) as? Choice.Chosen ?: return
        val target = place.target as Counted
        check(target.held.incrementAndGet() <= target.capacity) { "over its capacity" }
        held[thread].addLast(place)
    }

    @Operation
    fun release(@Param(gen = ThreadIdGen::class) thread: Int) {
        val place = held[thread].removeFirstOrNull() ?: return
        (place.target as Counted).held.decrementAndGet()
        router.release(place)
    }

    @Validate
    fun `what is free can be chosen, and no more`() {
        val free = there.filterNotNull().sumOf { it.capacity - it.held.get() }
        val places = generateSequence { router.choose(channel) as? Choice.Chosen }.toList()
        check(places.size == free) { "$free places are free, and ${places.size} can be taken" }
        places.forEach(router::release)
        check(router.size == if (there.any { it != null }) 1 else 0) { "${router.size} channels" }
    }
}
