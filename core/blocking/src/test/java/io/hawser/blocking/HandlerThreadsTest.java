package io.hawser.blocking;

import static org.junit.jupiter.api.Assertions.assertFalse;

import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

class HandlerThreadsTest {
    @Test
    void endWhenTheyHaveNothingToDo() throws Exception {
        CompletableFuture<Thread> used = new CompletableFuture<>();
        HandlerThreads.standard().execute(() -> used.complete(Thread.currentThread()));
        Thread thread = used.get();
        thread.join(60_000);
        assertFalse(thread.isAlive());
    }
}
