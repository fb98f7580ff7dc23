package io.hawser.blocking;

import io.hawser.engine.EventLoop;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import java.util.function.Function;
import kotlin.ResultKt;
import kotlin.Unit;
import kotlin.coroutines.Continuation;
import kotlin.coroutines.CoroutineContext;
import kotlin.coroutines.intrinsics.IntrinsicsKt;
import kotlinx.coroutines.CompletableJob;
import kotlinx.coroutines.CoroutineDispatcher;
import kotlinx.coroutines.Dispatchers;
import kotlinx.coroutines.JobKt;

/**
 * One suspending call as a future. Cancelling it cancels the call; what comes in spite of it is given back.
 *
 * @param <T> what the call returns
 * @param <R> what the future has
 */
final class FutureCall<T, R> extends CompletableFuture<R> implements Continuation<T> {
    private static final CoroutineDispatcher dispatcher = Dispatchers.getDefault();

    private final CompletableJob job = JobKt.Job(null);
    private final CoroutineContext context = dispatcher.plus(job);
    private final Function<? super T, ? extends R> convert;
    private final Consumer<? super T> giveBack;

    private FutureCall(Function<? super T, ? extends R> convert, Consumer<? super T> giveBack) {
        this.convert = convert;
        this.giveBack = giveBack;
    }

    static <T> CompletableFuture<T> of(Suspending<T> suspending) {
        return of(suspending, value -> value, value -> {});
    }

    static CompletableFuture<Void> nothing(Suspending<Unit> suspending) {
        return of(suspending, value -> null, value -> {});
    }

    /** {@code giveBack} gets what was not wanted any more when it came. */
    static <T, R> CompletableFuture<R> of(
            Suspending<T> suspending, Function<? super T, ? extends R> convert, Consumer<? super T> giveBack) {
        FutureCall<T, R> call = new FutureCall<>(convert, giveBack);
        try {
            Object result = suspending.call(call);
            if (result != IntrinsicsKt.getCOROUTINE_SUSPENDED()) call.end(result);
        } catch (Throwable e) {
            call.fail(e);
        }
        return call;
    }

    @Override
    public CoroutineContext getContext() {
        return context;
    }

    /** What depends on the future must not run on a loop, where some calls end. */
    @Override
    public void resumeWith(Object result) {
        if (EventLoop.current() == null) {
            end(result);
        } else {
            dispatcher.dispatch(context, () -> end(result));
        }
    }

    @Override
    public boolean cancel(boolean mayInterruptIfRunning) {
        boolean isCancelled = super.cancel(mayInterruptIfRunning);
        job.cancel(null);
        return isCancelled;
    }

    /** What depends on it is on its own: a future of another kind could not cancel the call. */
    @Override
    public <U> CompletableFuture<U> newIncompleteFuture() {
        return new CompletableFuture<>();
    }

    private void end(Object result) {
        T value;
        try {
            ResultKt.throwOnFailure(result);
            @SuppressWarnings("unchecked")
            T returned = (T) result;
            value = returned;
        } catch (Throwable e) {
            fail(e);
            return;
        }
        if (!complete(convert.apply(value))) giveBack.accept(value);
    }

    private void fail(Throwable e) {
        if (e instanceof CancellationException) super.cancel(false);
        completeExceptionally(e);
    }
}
