package io.hawser.samples.programs;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.concurrent.TimeUnit.MILLISECONDS;
import static java.util.concurrent.TimeUnit.SECONDS;

import io.hawser.Endpoint;
import io.hawser.Hawser;
import io.hawser.blocking.Blocking;
import io.hawser.blocking.BlockingDatagramServer;
import io.hawser.blocking.BlockingDatagramSocket;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;

/** An agent in Java that says every so often that it lives; that nobody listens for a while is no reason to stop. */
public final class Agent {
    private static final int PERIOD_MILLIS = 20;

    private final CountDownLatch isHeard = new CountDownLatch(3);
    private final CountDownLatch isAlone = new CountDownLatch(1);
    private final CountDownLatch isHeardAgain = new CountDownLatch(1);

    private Agent() {}

    public static void main(String[] args) throws IOException, InterruptedException {
        new Agent().run(Endpoint.parse(args.length > 0 ? args[0] : "udp://127.0.0.1:0"));
    }

    private void run(Endpoint endpoint) throws IOException, InterruptedException {
        ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();
        try (BlockingDatagramServer listener = listen(endpoint, isHeard);
                BlockingDatagramSocket socket = Blocking.client(Hawser.datagramClient(listener.getEndpoint()))
                        .open()) {
            timer.scheduleAtFixedRate(() -> report(socket), 0, PERIOD_MILLIS, MILLISECONDS);
            tell(isHeard, "it lives");
            listener.shutdown(Duration.ofSeconds(1));
            tell(isAlone, "nobody listens");
            BlockingDatagramServer another = listen(listener.getEndpoint(), isHeardAgain);
            tell(isHeardAgain, "heard again");
            another.close();
        } finally {
            timer.shutdownNow();
        }
    }

    private void report(BlockingDatagramSocket socket) {
        try {
            socket.trySend("alive".getBytes(UTF_8));
        } catch (IOException e) {
            // The next report is as good as this one.
            isAlone.countDown();
        }
    }

    private static BlockingDatagramServer listen(Endpoint endpoint, CountDownLatch beats)
            throws IOException, InterruptedException {
        return Blocking.server(Hawser.datagramServer(endpoint)).start((beat, reply) -> beats.countDown());
    }

    private static void tell(CountDownLatch event, String line) throws InterruptedException {
        System.out.println(event.await(10, SECONDS) ? line : "not in time: " + line);
    }
}
