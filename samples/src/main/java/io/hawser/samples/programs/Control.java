package io.hawser.samples.programs;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.hawser.Datagram;
import io.hawser.Hawser;
import io.hawser.blocking.Blocking;
import io.hawser.blocking.BlockingDatagramClient;
import io.hawser.blocking.BlockingDatagramHandler.Reply;
import io.hawser.blocking.BlockingDatagramServer;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;

/** A worker in Java that is told what to do by datagrams, and answers each. */
public final class Control {
    private static final AtomicBoolean PAUSED = new AtomicBoolean();

    private Control() {}

    public static void main(String[] args) throws IOException, InterruptedException {
        String endpoint = args.length > 0 ? args[0] : "udp://127.0.0.1:0";
        try (BlockingDatagramServer worker =
                Blocking.server(Hawser.datagramServer(endpoint)).start(Control::obey)) {
            BlockingDatagramClient client = Blocking.client(Hawser.datagramClient(worker.getEndpoint()));
            for (String order : new String[] {"pause", "status", "resume"}) {
                Datagram answer = client.request(order.getBytes(UTF_8), Duration.ofSeconds(1));
                System.out.println(order + ": " + answer.getText());
            }
        }
    }

    private static void obey(Datagram order, Reply reply) throws IOException, InterruptedException {
        switch (order.getText()) {
            case "pause" -> PAUSED.set(true);
            case "resume" -> PAUSED.set(false);
            default -> {}
        }
        reply.send((PAUSED.get() ? "paused" : "working").getBytes(UTF_8));
    }
}
