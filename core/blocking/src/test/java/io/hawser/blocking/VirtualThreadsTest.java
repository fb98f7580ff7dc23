package io.hawser.blocking;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.hawser.ClientOptions;
import io.hawser.testkit.Memory;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
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
    /** From 24 on a monitor that is held does not pin its thread (JEP 491). */
    @Test
    @EnabledForJreRange(min = JRE.JAVA_24)
    void tenThousandWaitAtOnceAndPinNothing(@TempDir Path folder) throws Exception {
        try (Recording recording = new Recording();
                BlockingServer server = Blocking.server(Memory.server())
                        .start(it -> it.getInputStream().transferTo(it.getOutputStream()))) {
            recording.enable("jdk.VirtualThreadPinned").withThreshold(Duration.ofMillis(20));
            // Who waits for a class that is being initialized is pinned, and some are first needed where many crowd.
            assertEquals(List.of(), failuresOf(1_000, server));
            recording.start();
            assertEquals(List.of(), failuresOf(10_000, server));
            recording.stop();
            Path file = folder.resolve("pinned.jfr");
            recording.dump(file);
            List<RecordedEvent> pinned = RecordingFile.readAllEvents(file).stream()
                    .filter(event -> event.getEventType().getName().equals("jdk.VirtualThreadPinned"))
                    .toList();
            assertEquals(List.of(), pinned);
        }
    }

    /** Has so many virtual threads connected at once, and each of them answered. */
    private static List<Throwable> failuresOf(int threads, BlockingServer server) throws InterruptedException {
        // The last of them are let in when all the others have been.
        ClientOptions patient = ClientOptions.builder().connectTimeout(null).build();
        BlockingClient client = Blocking.client(Memory.client(server.unwrap(), patient));
        CountDownLatch allConnected = new CountDownLatch(threads);
        CountDownLatch allDone = new CountDownLatch(threads);
        Queue<Throwable> failures = new ConcurrentLinkedQueue<>();
        for (int i = 0; i < threads; i++) {
            HandlerThreads.standard().execute(() -> {
                try (BlockingConnection connection = client.connect()) {
                    allConnected.countDown();
                    allConnected.await();
                    connection.writeLine("hello");
                    assertEquals("hello", connection.readLine());
                } catch (Throwable e) {
                    failures.add(e);
                    // Nobody waits for it.
                    allConnected.countDown();
                } finally {
                    allDone.countDown();
                }
            });
        }
        allDone.await();
        return List.copyOf(failures);
    }
}
