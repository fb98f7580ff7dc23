package io.hawser.blocking;

import io.hawser.reconnect.DoNotReconnect;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.util.concurrent.Callable;
import java.util.concurrent.CancellationException;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import kotlin.coroutines.Continuation;
import kotlin.coroutines.CoroutineContext;
import kotlinx.coroutines.ExecutorsKt;
import kotlinx.coroutines.InterruptibleKt;
import kotlinx.coroutines.Job;
import kotlinx.coroutines.JobKt;

/** Where handlers wait: a virtual thread for each where the JDK has them, else a daemon thread, kept for a second for the next. */
final class HandlerThreads {
    private static final Executor STANDARD = virtual();
    private static final CoroutineContext CONTEXT = ExecutorsKt.from(STANDARD);

    private HandlerThreads() {}

    static Executor standard() {
        return STANDARD;
    }

    static CoroutineContext context() {
        return CONTEXT;
    }

    /**
     * Runs {@code handler} in {@code context}, and interrupts it when the coroutine is cancelled, whose end still waits for its end. Whatever it
     * throws then is no reason of anything: a timeout is, or a server or a link that cuts.
     */
    static <R> Object run(CoroutineContext context, Callable<? extends R> handler, Continuation<? super R> handled) {
        Job job = JobKt.getJob(handled.getContext());
        return InterruptibleKt.<R>runInterruptible(
                context,
                () -> {
                    try {
                        return handler.call();
                    } catch (Throwable e) {
                        // A wish that is for a link to hear.
                        if (!job.isActive() && !(e instanceof DoNotReconnect)) {
                            throw (CancellationException) new CancellationException("the handler was cut").initCause(e);
                        }
                        throw Call.<RuntimeException>unchecked(
                                e instanceof InterruptedException ? interruptedByOthers(e) : e);
                    } finally {
                        // Its thread goes on to somebody else.
                        Thread.interrupted();
                    }
                },
                handled);
    }

    /** As itself it would count as a cancellation, which nobody has asked for. */
    private static IOException interruptedByOthers(Throwable e) {
        IOException failure = new InterruptedIOException("the handler was interrupted, and not by what runs it");
        failure.initCause(e);
        return failure;
    }

    private static Executor virtual() {
        try {
            MethodHandle make = MethodHandles.publicLookup()
                    .findStatic(
                            Executors.class,
                            "newVirtualThreadPerTaskExecutor",
                            MethodType.methodType(ExecutorService.class));
            return (ExecutorService) make.invoke();
        } catch (NoSuchMethodException | UnsupportedOperationException e) {
            // Java 19 and 20 have it as a preview.
            return platform();
        } catch (Throwable e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private static Executor platform() {
        AtomicInteger count = new AtomicInteger();
        return new ThreadPoolExecutor(0, Integer.MAX_VALUE, 1, TimeUnit.SECONDS, new SynchronousQueue<>(), task -> {
            Thread thread = new Thread(task, "hawser-blocking-" + count.incrementAndGet());
            thread.setDaemon(true);
            thread.setContextClassLoader(HandlerThreads.class.getClassLoader());
            return thread;
        });
    }
}
