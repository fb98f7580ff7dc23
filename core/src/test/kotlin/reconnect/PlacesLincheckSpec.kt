package io.hawser.reconnect

import io.hawser.reconnect.Places.Grant
import io.hawser.reconnect.Places.Kept
import io.kotest.core.spec.style.StringSpec
import org.jetbrains.lincheck.datastructures.Operation
import org.jetbrains.lincheck.datastructures.Param
import org.jetbrains.lincheck.datastructures.StressOptions
import org.jetbrains.lincheck.datastructures.ThreadIdGen
import org.jetbrains.lincheck.datastructures.Validate

class PlacesLincheckSpec : StringSpec({
    "what borrowers do together they could have done one after the other" {
        StressOptions().threads(3).actorsPerThread(3).actorsBefore(1).actorsAfter(1).iterations(5).invocationsPerIteration(500)
            .check(BorrowersModel::class)
    }
})

/** Borrowers with a connection each at most. */
class BorrowersModel {
    private val places = Places<String>(2)
    private val held = arrayOfNulls<String>(5)

    @Operation
    fun borrow(@Param(gen = ThreadIdGen::class) thread: Int): String {
        if (held[thread] != null) return "has one"
        return when (val grant = places.leave(places.enter())) {
            is Grant.Lent -> "lent".also { held[thread] = grant.thing }
            Grant.Empty -> "made".also { if (!places.made("of $thread")) places.closed() else held[thread] = "of $thread" }
            Grant.Refused -> "refused"
            null -> "full"
        }
    }

    @Operation
    fun giveBack(@Param(gen = ThreadIdGen::class) thread: Int): String {
        val thing = held[thread] ?: return "has none"
        held[thread] = null
        return if (places.giveBack(thing) == Kept.Gone) "gone" else "given back"
    }

    @Operation
    fun retire(@Param(gen = ThreadIdGen::class) thread: Int): String {
        val thing = held[thread] ?: return "has none"
        held[thread] = null
        if (!places.retire(thing)) return "gone"
        places.closed()
        return "retired"
    }

    @Validate
    fun `there are not too many`() {
        check(places.size in 0..2 && places.waiting == 0) { "size ${places.size}, waiting ${places.waiting}" }
    }
}
