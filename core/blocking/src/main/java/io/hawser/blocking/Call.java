package io.hawser.blocking;

import io.hawser.engine.EventLoop;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;
import kotlin.ResultKt;
import kotlin.coroutines.Continuation;
import kotlin.coroutines.CoroutineContext;
import kotlin.coroutines.intrinsics.IntrinsicsKt;
import kotlinx.coroutines.CompletableJob;
import kotlinx.coroutines.CoroutineDispatcher;
import kotlinx.coroutines.Dispatchers;
import kotlinx.coroutines.JobKt;

/**
 * One suspending call of a thread that waits for its end. What of it has to go on goes on in that very thread, so that a call that need not
 * wait never leaves it.
 */
final class Call<T> extends CoroutineDispatcher implements Continuation<T> {
    private final Thread thread = Thread.currentThread();
    private final CompletableJob job = JobKt.Job(null);
    private final CoroutineContext context = plus(job);
    private final ConcurrentLinkedQueue<Runnable> tasks = new ConcurrentLinkedQueue<>();

    /** Written before {@link #isDone}. */
    private Object result;

    private volatile boolean isDone;

    /** Nobody runs {@link #tasks} any more. */
    private volatile boolean isOver;

    private Call() {}

    /**
     * Returns what {@code suspending} returns. An interrupt cancels it, and becomes an {@link InterruptedException} once it has ended; what
     * has come in spite of it is returned, and the thread stays interrupted.
     */
    static <T> T await(Suspending<T> suspending) throws IOException, InterruptedException {
        return new Call<T>().result(suspending, 0, null);
    }

    /** As the other; {@code late} is thrown if it takes longer than {@code timeout}, after which it has been cancelled. */
    static <T> T await(Suspending<T> suspending, Duration timeout, Supplier<? extends IOException> late)
            throws IOException, InterruptedException {
        return new Call<T>().result(suspending, nanos(timeout), late);
    }

    private static long nanos(Duration timeout) {
        if (timeout.isNegative() || timeout.isZero())
            throw new IllegalArgumentException("timeout is not positive: " + timeout);
        try {
            return timeout.toNanos();
        } catch (ArithmeticException e) {
            return Long.MAX_VALUE;
        }
    }

    private T result(Suspending<T> suspending, long timeout, Supplier<? extends IOException> late)
            throws IOException, InterruptedException {
        EventLoop loop = EventLoop.current();
        if (loop != null) {
            throw new IllegalStateException(
                    "a blocking call on " + loop + " would stop every connection of that loop, and wait for"
                            + " itself: use the suspending function or a future there, or have handlers run on threads of their own"
                            + " (ServerOptions.handlerContext)");
        }
        if (Thread.interrupted()) throw new InterruptedException();
        boolean isInterrupted = false;
        boolean isLate = false;
        try {
            Object value = suspending.call(this);
            if (value == IntrinsicsKt.getCOROUTINE_SUSPENDED()) {
                long deadline = late == null ? 0 : System.nanoTime() + timeout;
                while (true) {
                    // First of all: a coroutine that yields has always something left to run.
                    if (Thread.interrupted()) {
                        isInterrupted = true;
                        job.cancel(null);
                    }
                    if (late != null && !isLate && System.nanoTime() - deadline >= 0) {
                        isLate = true;
                        job.cancel(null);
                    }
                    Runnable task = tasks.poll();
                    if (task != null) {
                        task.run();
                    } else if (isDone) {
                        break;
                    } else if (late == null || isLate) {
                        LockSupport.park(this);
                    } else {
                        LockSupport.parkNanos(this, deadline - System.nanoTime());
                    }
                }
                value = result;
            }
            ResultKt.throwOnFailure(value);
            if (isInterrupted) thread.interrupt();
            @SuppressWarnings("unchecked")
            T returned = (T) value;
            return returned;
        } catch (CancellationException e) {
            if (isInterrupted) throw (InterruptedException) new InterruptedException().initCause(e);
            if (isLate) throw late.get();
            throw e;
        } catch (Throwable e) {
            // What failed may be this thread in the middle of it: nobody waits for the rest.
            job.cancel(null);
            if (isInterrupted) thread.interrupt();
            throw Call.<RuntimeException>unchecked(e);
        } finally {
            isOver = true;
            for (Runnable task = tasks.poll(); task != null; task = tasks.poll()) runElsewhere(task);
        }
    }

    @Override
    public CoroutineContext getContext() {
        return context;
    }

    @Override
    public void resumeWith(Object result) {
        this.result = result;
        isDone = true;
        LockSupport.unpark(thread);
    }

    @Override
    public void dispatch(CoroutineContext context, Runnable block) {
        tasks.add(block);
        LockSupport.unpark(thread);
        if (isOver && tasks.remove(block)) runElsewhere(block);
    }

    @Override
    public String toString() {
        return "blocking call of " + thread.getName();
    }

    private void runElsewhere(Runnable task) {
        Dispatchers.getDefault().dispatch(context, task);
    }

    /** Suspending functions throw what they like, and say so in their documentation. */
    @SuppressWarnings("unchecked")
    static <E extends Throwable> E unchecked(Throwable e) throws E {
        throw (E) e;
    }
}
