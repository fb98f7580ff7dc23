package io.hawser.engine

import io.hawser.EventLoopClosed
import java.nio.channels.ClosedChannelException
import java.util.Queue
import kotlin.coroutines.Continuation
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.ExperimentalCoroutinesApi
import kotlinx.coroutines.Job

/**
 * What becomes of the [tasks] of the loop [name] once its thread is through: from then on whoever adds one hands them over, and they
 * finish on the fallback thread.
 */
internal class Afterlife(private val name: String, private val tasks: Queue<Runnable>) {
    /** What the loop ended of; null while it lives. Set once, before [tasks] are looked at for the last time. */
    @Volatile
    var end: EventLoopClosed? = null
        private set

    fun begin(closed: EventLoopClosed) {
        end = closed
    }

    /** Gives what is in [tasks] to the fallback thread, and cancels the coroutines among it. Any thread, after [begin]. */
    fun handOver(): Unit = synchronized(this) {
        while (true) {
            val task = tasks.poll() ?: return
            (task as? Continuation<*>)?.context?.get(Job)?.let(::cancelRunaway)
            if (task is Readiness) task.fail(end ?: ClosedChannelException()) else Fallback.execute(task)
        }
    }

    /** A job without a parent is left to run: it is a clean-up under NonCancellable, whose end others rely on, or nobody's. */
    @OptIn(ExperimentalCoroutinesApi::class)
    private fun cancelRunaway(job: Job) {
        if (job.parent != null) job.cancel(CancellationException("event loop $name has ended", end))
    }
}
