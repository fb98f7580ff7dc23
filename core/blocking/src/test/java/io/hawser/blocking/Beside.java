package io.hawser.blocking;

import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;

/** Something that another thread does meanwhile; closing it waits for its end, and throws what it threw. */
final class Beside implements AutoCloseable {
    @FunctionalInterface
    interface Action {
        void run() throws Throwable;
    }

    private final CompletableFuture<Void> end = new CompletableFuture<>();
    private final Thread thread;

    private Beside(Action action) {
        thread = new Thread(() -> {
            try {
                action.run();
                end.complete(null);
            } catch (Throwable e) {
                end.completeExceptionally(e);
            }
        });
        thread.setDaemon(true);
        thread.start();
    }

    static Beside run(Action action) {
        return new Beside(action);
    }

    void interrupt() {
        thread.interrupt();
    }

    /** Returns when the thread waits. */
    void awaitWaiting() {
        Set<Thread.State> waiting = Set.of(Thread.State.WAITING, Thread.State.TIMED_WAITING);
        while (!waiting.contains(thread.getState()) && !end.isDone()) Thread.onSpinWait();
    }

    @Override
    public void close() throws Exception {
        try {
            end.get();
        } catch (ExecutionException e) {
            throw new AssertionError("beside", e.getCause());
        }
        thread.join();
    }
}
