package io.hawser.samples.programs;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.hawser.DatagramServerOptions;
import io.hawser.Hawser;
import io.hawser.blocking.Blocking;
import io.hawser.blocking.BlockingDatagramServer;
import io.hawser.blocking.BlockingDatagramSocket;
import io.hawser.event.DatagramEvent;
import java.io.IOException;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;

/** Counters in the lines of StatsD, from Java: a line that is none fails its handler, which is an event and disturbs nobody. */
public final class Counters {
    private Counters() {}

    public static void main(String[] args) throws IOException, InterruptedException {
        String endpoint = args.length > 0 ? args[0] : "udp://127.0.0.1:0";
        Map<String, Long> counters = new ConcurrentHashMap<>();
        CountDownLatch handled = new CountDownLatch(4);
        DatagramServerOptions options = DatagramServerOptions.builder()
                .onEvent(event -> {
                    if (event instanceof DatagramEvent.Failed) handled.countDown();
                })
                .build();
        try (BlockingDatagramServer server = Blocking.server(Hawser.datagramServer(endpoint, options))
                        .start((line, reply) -> {
                            String[] parts = line.getText().split("[:|]");
                            counters.merge(parts[0], Long.parseLong(parts[1]), Long::sum);
                            handled.countDown();
                        });
                BlockingDatagramSocket socket = Blocking.client(Hawser.datagramClient(server.getEndpoint()))
                        .open()) {
            for (String line : new String[] {"requests:1|c", "requests:1|c", "nonsense", "bytes:512|c"}) {
                socket.trySend(line.getBytes(UTF_8));
            }
            handled.await();
        }
        System.out.println("requests " + counters.get("requests") + ", bytes " + counters.get("bytes"));
    }
}
