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
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;

/**
 * Log lines from Java, each a datagram, to a collector that keeps those that matter. Over Unix datagrams none is lost; over UDP some may
 * be.
 */
public final class LogLines {
    private LogLines() {}

    public static void main(String[] args) throws IOException, InterruptedException {
        BlockingQueue<String> seen = new LinkedBlockingQueue<>();
        BlockingQueue<Integer> tooLong = new LinkedBlockingQueue<>();
        String endpoint = args.length > 0 ? args[0] : "udp://127.0.0.1:0";
        DatagramServerOptions options = DatagramServerOptions.builder()
                .maxDatagramSize(1024)
                .onEvent(event -> {
                    if (event instanceof DatagramEvent.Dropped dropped) tooLong.add(dropped.getBytes());
                })
                .build();
        try (BlockingDatagramServer collector = Blocking.server(Hawser.datagramServer(endpoint, options))
                        .start((line, reply) -> seen.add(line.getText()));
                BlockingDatagramSocket log = Blocking.client(Hawser.datagramClient(collector.getEndpoint()))
                        .open()) {
            String tooMuch = "ERROR: " + "x".repeat(2_000);
            for (String line : List.of("INFO: started", "ERROR: disk full", tooMuch, "ERROR: still full")) {
                log.send(line.getBytes(UTF_8));
            }
            for (int i = 0; i < 3; i++) {
                String line = seen.poll(5, SECONDS);
                if (line != null && line.startsWith("ERROR")) System.out.println(line);
            }
            Integer bytes = tooLong.poll(5, SECONDS);
            if (bytes != null) System.out.println("a line was cut after " + bytes + " bytes and is not kept");
        }
    }
}
