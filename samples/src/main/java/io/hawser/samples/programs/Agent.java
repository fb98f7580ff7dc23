package io.hawser.samples.programs;

import static io.hawser.samples.programs.Await.await;
import static java.nio.charset.StandardCharsets.UTF_8;

import io.hawser.DatagramSocket;
import io.hawser.Hawser;
import io.hawser.RunningDatagramServer;
import java.io.IOException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import kotlin.Unit;
import kotlinx.coroutines.GlobalScope;

/** An agent in Java that says every so often that it lives; that nobody listens for a while is no reason to stop. */
public final class Agent {
    private static final int PERIOD_MILLIS = 20;

    private Agent() {}

    public static void main(String[] args) throws IOException, InterruptedException {
        String endpoint = args.length > 0 ? args[0] : "udp://127.0.0.1:0";
        CountDownLatch heard = new CountDownLatch(3);
        RunningDatagramServer listener = await(caller -> Hawser.datagramServer(endpoint)
                .start(
                        GlobalScope.INSTANCE,
                        (exchange, beat, handler) -> {
                            heard.countDown();
                            return Unit.INSTANCE;
                        },
                        caller));
        ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();
        try (listener;
                DatagramSocket socket = await(
                        caller -> Hawser.datagramClient(listener.getEndpoint()).open(caller))) {
            timer.scheduleAtFixedRate(() -> report(socket), 0, PERIOD_MILLIS, TimeUnit.MILLISECONDS);
            heard.await();
        } finally {
            timer.shutdownNow();
        }
        System.out.println("it lives");
    }

    private static void report(DatagramSocket socket) {
        try {
            socket.trySend("alive".getBytes(UTF_8));
        } catch (Exception e) {
            // The next report is as good as this one. Kotlin's functions declare no exceptions.
        }
    }
}
