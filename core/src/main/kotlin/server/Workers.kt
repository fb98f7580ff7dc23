package io.hawser.server

import io.hawser.Datagram
import io.hawser.DatagramServerOptions
import io.hawser.transport.Loop
import io.hawser.transport.TransportApi
import java.util.concurrent.atomic.AtomicInteger
import kotlin.time.Duration.Companion.milliseconds
import kotlinx.coroutines.CoroutineName
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.isActive
import kotlinx.coroutines.launch

/**
 * Coroutines of [scope] that do [work] on what waits in [queue], no more of them than [DatagramServerOptions.concurrency], and none while
 * nothing waits.
 */
@OptIn(TransportApi::class)
internal class Workers(
    private val scope: CoroutineScope,
    private val loop: Loop,
    private val options: LiveOptions<DatagramServerOptions>,
    private val queue: DatagramQueue,
    private val work: suspend (Datagram) -> Unit,
) {
    private val onLoop = loop.dispatcher + CoroutineName("serve datagrams")
    private val active = AtomicInteger()

    /** Something waits: has one more worker see to it, if there may be one more. Any thread. */
    fun wake() {
        if (!begin()) return
        // One too many, since fewer may work, leaves what waits to the others.
        val worker = scope.launch(onLoop + options.now.handlerContext) {
            while (active.get() <= options.now.concurrency) work(queue.poll() ?: break)
        }
        // Not within the worker: one whose dispatcher rejects it never begins.
        worker.invokeOnCompletion { failure ->
            active.decrementAndGet()
            // Who offers fills the queue and then looks at the workers; we left them and then look into the queue.
            if (queue.isEmpty || !scope.isActive) return@invokeOnCompletion
            if (failure == null) wake() else loop.schedule(REJECTED) { wake() }
        }
    }

    /** More may work than before: has as many begin as have something to do. Any thread. */
    fun wakeAll() {
        repeat(minOf(options.now.concurrency, queue.size)) { wake() }
    }

    private fun begin(): Boolean {
        while (true) {
            val count = active.get()
            if (count >= options.now.concurrency) return false
            if (active.compareAndSet(count, count + 1)) return true
        }
    }

    private companion object {
        /** How long a dispatcher that has no room is left alone. */
        val REJECTED = 10.milliseconds
    }
}
