package io.hawser.reconnect

import io.kotest.core.spec.style.StringSpec
import java.util.concurrent.CompletableFuture
import kotlin.coroutines.Continuation
import kotlin.coroutines.EmptyCoroutineContext
import kotlin.coroutines.startCoroutine
import org.jetbrains.lincheck.datastructures.Operation
import org.jetbrains.lincheck.datastructures.StressOptions

class LinkOutboxLincheckSpec : StringSpec({
    "what senders and the link do together they could have done one after the other" {
        StressOptions().threads(3).actorsPerThread(3).iterations(5).invocationsPerIteration(500).check(OutboxModel::class)
    }
})

/** An outbox without a connection to carry anything to. */
class OutboxModel {
    private val outbox = LinkOutbox(OutboxOptions { maxMessages = 2 })

    @Operation
    fun send(): String {
        val outcome = CompletableFuture<SendOutcome?>()
        suspend { outbox.send(byteArrayOf(1)) }.startCoroutine(Continuation(EmptyCoroutineContext) { outcome.complete(it.getOrThrow()) })
        return if (outcome.isDone) "${outcome.get()}" else "waits"
    }

    @Operation
    fun resume() = outbox.resume()

    @Operation
    fun pause() = outbox.pause()

    @Operation
    fun size() = outbox.size

    @Operation
    fun dropped() = outbox.dropped
}
