package io.hawser.broker.link

import io.hawser.broker.wire.Code
import io.hawser.broker.wire.Frame
import io.hawser.broker.wire.Side
import io.hawser.broker.wire.body
import io.hawser.broker.wire.start
import io.kotest.core.spec.style.StringSpec
import java.util.concurrent.CompletableFuture
import kotlin.coroutines.Continuation
import kotlin.coroutines.EmptyCoroutineContext
import kotlin.coroutines.startCoroutine
import org.jetbrains.lincheck.datastructures.Operation
import org.jetbrains.lincheck.datastructures.Param
import org.jetbrains.lincheck.datastructures.StressOptions
import org.jetbrains.lincheck.datastructures.ThreadIdGen
import org.jetbrains.lincheck.datastructures.Validate

class OutboundLincheckSpec : StringSpec({
    "what the requests of a connection do together they could have done one after the other" {
        StressOptions().threads(3).actorsPerThread(3).iterations(4).invocationsPerIteration(500).check(OutboundModel::class)
    }
})

/** A connection with a request per thread at most, and a writer that takes what is there. */
class OutboundModel {
    private val outbound = Outbound(Side.CLIENT, maxBytes = 200)
    private val lanes = arrayOfNulls<Lane>(5)

    @Operation
    fun open(@Param(gen = ThreadIdGen::class) thread: Int): Long? {
        if (lanes[thread] != null) return 0
        var opened: Lane? = null
        outbound.open(0) { lane -> start(lane.id, body(0)).also { opened = lane } }
        return opened?.also { lanes[thread] = it }?.id
    }

    @Operation
    fun offer(@Param(gen = ThreadIdGen::class) thread: Int): String {
        val lane = lanes[thread] ?: return "none"
        return "${outbound.offer(lane, Frame.Chunk(lane.id, body(40)))}"
    }

    @Operation
    fun grant(@Param(gen = ThreadIdGen::class) thread: Int) {
        outbound.grant(lanes[thread] ?: return, 1)
    }

    @Operation
    fun abandon(@Param(gen = ThreadIdGen::class) thread: Int) {
        outbound.abandon(lanes[thread] ?: return, Code.PEACE)
        lanes[thread] = null
    }

    @Operation(nonParallelGroup = "writer")
    fun take(): String {
        // There is always something to take.
        outbound.say(Frame.Ping(0))
        val batch = CompletableFuture<List<Frame>?>()
        suspend { outbound.take() }.startCoroutine(Continuation(EmptyCoroutineContext) { batch.complete(it.getOrThrow()) })
        check(batch.isDone) { "it waits" }
        return "${batch.get()}"
    }

    @Operation(nonParallelGroup = "writer")
    fun left() = outbound.left()

    @Operation
    fun bytes(): Long = outbound.bytes

    @Operation
    fun drop() = outbound.drop()

    @Validate
    fun `the bytes are those of what waits`() {
        outbound.left()
        val lanes = lanes.filterNotNull()
        val waiting = lanes.sumOf { lane -> lane.waiting.sumOf { it.cost.toLong() } }
        check(outbound.bytes == waiting) { "${outbound.bytes} bytes, and $waiting in lanes" }
    }
}
