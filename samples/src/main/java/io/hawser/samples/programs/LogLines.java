package io.hawser.samples.programs;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.hawser.Hawser;
import io.hawser.blocking.Blocking;
import io.hawser.blocking.BlockingDatagramServer;
import io.hawser.blocking.BlockingDatagramSocket;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;

/** Log lines from Java, each a datagram: who logs never waits, and knows what the collector had no room for. */
public final class LogLines {
    private LogLines() {}

    public static void main(String[] args) throws IOException, InterruptedException {
        BlockingQueue<String> collected = new LinkedBlockingQueue<>();
        String endpoint = args.length > 0 ? args[0] : "udp://127.0.0.1:0";
        int lost = 0;
        try (BlockingDatagramServer collector = Blocking.server(Hawser.datagramServer(endpoint))
                        .start((line, reply) -> collected.add(line.getText()));
                BlockingDatagramSocket log = Blocking.client(Hawser.datagramClient(collector.getEndpoint()))
                        .open()) {
            for (String line : List.of("INFO: started", "ERROR: disk full")) {
                if (!log.trySend(line.getBytes(UTF_8))) lost++;
            }
            for (int i = lost; i < 2; i++) System.out.println(collected.take());
        }
        System.out.println(lost + " lost");
    }
}
