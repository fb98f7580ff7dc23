package io.hawser.blocking;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.hawser.testkit.Memory;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicInteger;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledForJreRange;
import org.junit.jupiter.api.condition.JRE;
import org.junit.jupiter.api.io.TempDir;

/** Virtual threads wait as they should: off their carriers. */
@Timeout(120)
class VirtualThreadsTest {
    private static final int THREADS = 10_000;

    /** From 24 on a monitor that is held does not pin its thread (JEP 491). */
    @Test
    @EnabledForJreRange(min = JRE.JAVA_24)
    void tenThousandWaitAtOnceAndPinNothing(@TempDir Path folder) throws Exception {
        Executor virtual = HandlerThreads.standard();
        CountDownLatch allConnected = new CountDownLatch(THREADS);
        CountDownLatch allDone = new CountDownLatch(THREADS);
        AtomicInteger answered = new AtomicInteger();
        try (Recording recording = new Recording();
                BlockingServer server = Blocking.server(Memory.server())
                        .start(it -> it.getInputStream().transferTo(it.getOutputStream()))) {
            recording.enable("jdk.VirtualThreadPinned").withThreshold(Duration.ofMillis(20));
            // Who waits for a class that is being initialized is pinned.
            try (BlockingConnection first =
                    Blocking.client(Memory.client(server.unwrap())).connect()) {
                first.writeLine("hello");
                assertEquals("hello", first.readLine());
            }
            recording.start();
            for (int i = 0; i < THREADS; i++) {
                virtual.execute(() -> {
                    try (BlockingConnection connection =
                            Blocking.client(Memory.client(server.unwrap())).connect()) {
                        allConnected.countDown();
                        allConnected.await();
                        connection.writeLine("hello");
                        if ("hello".equals(connection.readLine())) answered.incrementAndGet();
                    } catch (Exception e) {
                        throw new AssertionError(e);
                    } finally {
                        allDone.countDown();
                    }
                });
            }
            allDone.await();
            recording.stop();
            Path file = folder.resolve("pinned.jfr");
            recording.dump(file);
            assertEquals(THREADS, answered.get());
            List<RecordedEvent> pinned = RecordingFile.readAllEvents(file).stream()
                    .filter(event -> event.getEventType().getName().equals("jdk.VirtualThreadPinned"))
                    .toList();
            assertEquals(List.of(), pinned);
        }
    }
}
