package io.hawser.samples.programs;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.hawser.Hawser;
import io.hawser.blocking.Blocking;
import io.hawser.blocking.BlockingDatagramServer;
import io.hawser.blocking.BlockingDatagramSocket;
import java.io.IOException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/** An agent in Java that says every so often that it lives; that nobody listens for a while is no reason to stop. */
public final class Agent {
    private static final int PERIOD_MILLIS = 20;

    private Agent() {}

    public static void main(String[] args) throws IOException, InterruptedException {
        String endpoint = args.length > 0 ? args[0] : "udp://127.0.0.1:0";
        CountDownLatch heard = new CountDownLatch(3);
        ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();
        try (BlockingDatagramServer listener =
                        Blocking.server(Hawser.datagramServer(endpoint)).start((beat, reply) -> heard.countDown());
                BlockingDatagramSocket socket = Blocking.client(Hawser.datagramClient(listener.getEndpoint()))
                        .open()) {
            timer.scheduleAtFixedRate(() -> report(socket), 0, PERIOD_MILLIS, TimeUnit.MILLISECONDS);
            heard.await();
        } finally {
            timer.shutdownNow();
        }
        System.out.println("it lives");
    }

    private static void report(BlockingDatagramSocket socket) {
        try {
            socket.trySend("alive".getBytes(UTF_8));
        } catch (IOException e) {
            // The next report is as good as this one.
        }
    }
}
