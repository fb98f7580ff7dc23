package io.hawser.server

import io.hawser.Datagram
import io.hawser.DatagramServerOptions
import java.util.concurrent.atomic.AtomicInteger
import kotlinx.coroutines.CoroutineDispatcher
import kotlinx.coroutines.CoroutineName
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.launch

/**
 * Coroutines of [scope] that do [work] on what waits in [queue], no more of them than [DatagramServerOptions.concurrency], and none while
 * nothing waits.
 */
internal class Workers(
    private val scope: CoroutineScope,
    dispatcher: CoroutineDispatcher,
    private val options: DatagramServerOptions,
    private val queue: DatagramQueue,
    private val work: suspend (Datagram) -> Unit,
) {
    private val context = dispatcher + CoroutineName("serve datagrams") + options.handlerContext
    private val active = AtomicInteger()

    /** Something waits: has one more worker see to it, if there may be one more. Any thread. */
    fun wake() {
        if (!begin()) return
        scope.launch(context) { workOff() }
    }

    private suspend fun workOff() {
        do {
            try {
                while (true) work(queue.poll() ?: break)
            } finally {
                active.decrementAndGet()
            }
            // Who offers fills the queue and then looks at the workers; we left them and then look into the queue.
        } while (!queue.isEmpty && begin())
    }

    private fun begin(): Boolean {
        while (true) {
            val count = active.get()
            if (count >= options.concurrency) return false
            if (active.compareAndSet(count, count + 1)) return true
        }
    }
}
