package io.hawser.samples.programs;

import kotlin.coroutines.Continuation;
import kotlin.coroutines.EmptyCoroutineContext;
import kotlinx.coroutines.BuildersKt;

/** Waits on this thread for what suspends, which must not be done on an event loop. */
final class Await {
    private Await() {}

    /** A call of a suspend function, which has one more parameter in Java. */
    interface Suspending<T> {
        Object call(Continuation<? super T> caller);
    }

    /** What {@code call} comes to. It throws what that throws, be it a checked exception. */
    static <T> T await(Suspending<T> call) throws InterruptedException {
        return BuildersKt.runBlocking(EmptyCoroutineContext.INSTANCE, (scope, caller) -> call.call(caller));
    }
}
