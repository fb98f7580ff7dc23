package io.hawser.broker.link

import io.kotest.core.spec.style.StringSpec
import org.jetbrains.lincheck.datastructures.Operation
import org.jetbrains.lincheck.datastructures.StressOptions

class CreditLincheckSpec : StringSpec({
    "what a sender and its receiver do together they could have done one after the other" {
        StressOptions().threads(3).actorsPerThread(3).iterations(5).invocationsPerIteration(500).check(CreditModel::class)
    }
})

class CreditModel {
    private val credit = Credit(3)

    @Operation(nonParallelGroup = "sender", cancellableOnSuspension = true)
    suspend fun take(): Int = credit.take(2)

    @Operation
    fun add(): Boolean = credit.add(1)

    @Operation
    fun addMost(): Boolean = credit.add(Int.MAX_VALUE - 3)

    @Operation
    fun close() = credit.close()
}
