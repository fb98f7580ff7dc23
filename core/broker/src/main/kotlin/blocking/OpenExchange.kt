package io.hawser.broker.blocking

import io.hawser.broker.Body
import io.hawser.broker.Reply
import io.hawser.broker.Requester
import io.hawser.broker.link.BodyInbox
import java.time.Duration
import kotlin.time.toKotlinDuration
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.CompletableJob
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.CoroutineStart.UNDISPATCHED
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.Job
import kotlinx.coroutines.launch

/** An exchange that goes on until it is closed, for a thread that takes its [reply] when it likes. */
internal class OpenExchange private constructor(val reply: Reply, private val over: CompletableJob) {
    val body: BodyInbox get() = reply.inbox

    /** Nobody wants any more of it. Idempotent. */
    fun close() {
        over.complete()
    }

    companion object {
        @JvmStatic
        suspend fun open(
            requester: Requester,
            body: Body,
            timeout: Duration,
            headers: Map<String, String>,
            idempotent: Boolean,
        ): OpenExchange {
            val begun = CompletableDeferred<Reply>()
            val over = Job()
            // An observer of requests is told in the thread of whoever asks.
            val exchange = CoroutineScope(Dispatchers.Default).launch(start = UNDISPATCHED) {
                try {
                    requester.exchange(body, timeout.toKotlinDuration(), headers, idempotent) { reply ->
                        begun.complete(reply)
                        reply.keptUntil(over)
                    }
                } catch (e: Throwable) {
                    begun.completeExceptionally(e)
                }
            }
            try {
                return OpenExchange(begun.await(), over)
            } catch (e: Throwable) {
                exchange.cancel()
                throw e
            }
        }

        private val Reply.inbox: BodyInbox get() = body as BodyInbox

        private suspend fun Reply.keptUntil(over: Job) = try {
            over.join()
        } catch (e: CancellationException) {
            // What is asked could not be sent to its end: whoever takes the reply learns why.
            inbox.drop { e.cause ?: e }
            throw e
        }
    }
}
