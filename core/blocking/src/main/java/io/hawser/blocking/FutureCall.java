package io.hawser.blocking;

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
 * One suspending call as a future. Cancelling it asks the call to end, and it is complete when the call has: so nothing that came is lost,
 * and nothing of the call is still going on. Whoever completes it in another way, {@code orTimeout} for instance, ends the call as well, and
 * what comes in spite of that is given back.
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
            call.completeExceptionally(e);
        }
        return call;
    }

    @Override
    public CoroutineContext getContext() {
        return context;
    }

    /** What depends on the future must not run wherever a call ends: on a loop, say, or where timers fire. */
    @Override
    public void resumeWith(Object result) {
        dispatcher.dispatch(context, () -> end(result));
    }

    @Override
    public boolean cancel(boolean mayInterruptIfRunning) {
        if (isDone()) return isCancelled();
        job.cancel(null);
        return true;
    }

    @Override
    public boolean complete(R value) {
        boolean isFirst = super.complete(value);
        job.cancel(null);
        return isFirst;
    }

    @Override
    public boolean completeExceptionally(Throwable failure) {
        boolean isFirst = super.completeExceptionally(failure);
        job.cancel(null);
        return isFirst;
    }

    /** What depends on it is on its own: a future of another kind could not cancel the call. */
    @Override
    public <U> CompletableFuture<U> newIncompleteFuture() {
        return new CompletableFuture<>();
    }

    private void end(Object result) {
        try {
            ResultKt.throwOnFailure(result);
        } catch (Throwable e) {
            super.completeExceptionally(e);
            return;
        }
        @SuppressWarnings("unchecked")
        T value = (T) result;
        if (!super.complete(convert.apply(value))) giveBack.accept(value);
    }
}
