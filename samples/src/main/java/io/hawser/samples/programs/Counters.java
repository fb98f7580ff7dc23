package io.hawser.samples.programs;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.concurrent.TimeUnit.SECONDS;

import io.hawser.DatagramServerOptions;
import io.hawser.Hawser;
import io.hawser.blocking.Blocking;
import io.hawser.blocking.BlockingDatagramServer;
import io.hawser.blocking.BlockingDatagramSocket;
import io.hawser.event.DatagramEvent;
import java.io.IOException;
import java.util.Map;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.ThreadPoolExecutor.DiscardOldestPolicy;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Metrics in the lines of StatsD, from Java: who counts never waits. A burst goes through an outbox, a thread with a queue that drops the
 * oldest when it is full; the server adds up what comes, and what is no metric is an event and disturbs nobody.
 */
public final class Counters {
    private static final Pattern COUNTER = Pattern.compile("(\\w+):(\\d+)\\|c");

    private Counters() {}

    public static void main(String[] args) throws IOException, InterruptedException {
        String endpoint = args.length > 0 ? args[0] : "udp://127.0.0.1:0";
        Map<String, Long> counters = new ConcurrentHashMap<>();
        CountDownLatch counted = new CountDownLatch(11);
        BlockingQueue<String> refused = new LinkedBlockingQueue<>();
        DatagramServerOptions options = DatagramServerOptions.builder()
                .onEvent(event -> {
                    if (event instanceof DatagramEvent.Failed failed)
                        refused.add(failed.getCause().getMessage());
                })
                .build();
        try (BlockingDatagramServer server = Blocking.server(Hawser.datagramServer(endpoint, options))
                .start((datagram, reply) -> {
                    add(datagram.getText(), counters);
                    counted.countDown();
                })) {
            try (BlockingDatagramSocket socket =
                    Blocking.client(Hawser.datagramClient(server.getEndpoint())).open()) {
                burst(socket);
            }
            // Datagrams may get lost: then there is less to see.
            counted.await(5, SECONDS);
            String requests = "requests " + counters.get("requests") + ", bytes " + counters.get("bytes");
            System.out.println(requests + "; " + refused.poll(5, SECONDS));
        }
    }

    private static void burst(BlockingDatagramSocket socket) throws InterruptedException {
        ThreadPoolExecutor outbox =
                new ThreadPoolExecutor(1, 1, 0, SECONDS, new ArrayBlockingQueue<>(100), new DiscardOldestPolicy());
        try {
            for (int i = 0; i < 10; i++) offer("requests:1|c", socket, outbox);
            offer("nonsense", socket, outbox);
            offer("bytes:512|c", socket, outbox);
            outbox.shutdown();
            outbox.awaitTermination(5, SECONDS);
        } finally {
            outbox.shutdownNow();
        }
    }

    private static void offer(String metric, BlockingDatagramSocket socket, ThreadPoolExecutor outbox) {
        outbox.execute(() -> {
            try {
                socket.send(metric.getBytes(UTF_8));
            } catch (IOException | InterruptedException e) {
                // A metric less, as if it had been lost on its way.
            }
        });
    }

    private static void add(String metric, Map<String, Long> counters) {
        Matcher counter = COUNTER.matcher(metric);
        if (!counter.matches()) throw new IllegalArgumentException("no counter: " + metric);
        counters.merge(counter.group(1), Long.parseLong(counter.group(2)), Long::sum);
    }
}
