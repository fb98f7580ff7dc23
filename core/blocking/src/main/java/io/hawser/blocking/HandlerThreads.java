package io.hawser.blocking;

import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.util.concurrent.Callable;
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

    /** Runs {@code handler} in {@code context}, and interrupts it when the coroutine is cancelled, whose end still waits for its end. */
    static <R> Object run(CoroutineContext context, Callable<? extends R> handler, Continuation<? super R> handled) {
        return InterruptibleKt.<R>runInterruptible(
                context,
                () -> {
                    try {
                        return handler.call();
                    } catch (Exception e) {
                        throw Call.<RuntimeException>unchecked(e);
                    }
                },
                handled);
    }

    private static Executor virtual() {
        try {
            MethodHandle make = MethodHandles.publicLookup()
                    .findStatic(
                            Executors.class,
                            "newVirtualThreadPerTaskExecutor",
                            MethodType.methodType(ExecutorService.class));
            return (ExecutorService) make.invoke();
        } catch (NoSuchMethodException e) {
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
            return thread;
        });
    }
}
