package io.hawser.blocking;

import kotlin.coroutines.Continuation;

/**
 * A call of a suspending function, as Java sees it: {@code continuation -> connection.read(buffer, continuation)}. Where a thread waits for it,
 * the function runs in that thread, and must not itself make a call that blocks it.
 *
 * @param <T> what the function returns
 */
@FunctionalInterface
public interface Suspending<T> {
    /** Calls the function with {@code continuation} as its last argument, and returns what it returns. */
    Object call(Continuation<T> continuation) throws Exception;
}
