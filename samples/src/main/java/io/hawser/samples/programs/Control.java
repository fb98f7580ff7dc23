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
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * A worker in Java that is told what to do by datagrams and answers each: one that gets lost is sent again, so orders may come twice and do
 * no harm. The number before an order tells its answer from that to an earlier one.
 */
public final class Control {
    private static final Duration PATIENCE = Duration.ofSeconds(1);
    private static final int RETRIES = 3;

    private final AtomicBoolean isPaused = new AtomicBoolean();

    private Control() {}

    public static void main(String[] args) throws IOException, InterruptedException {
        String endpoint = args.length > 0 ? args[0] : "udp://127.0.0.1:0";
        try (BlockingDatagramServer worker =
                Blocking.server(Hawser.datagramServer(endpoint)).start(new Control()::obey)) {
            BlockingDatagramClient client = Blocking.client(Hawser.datagramClient(worker.getEndpoint()));
            int number = 0;
            for (String order : List.of("status", "pause", "status", "resume")) {
                byte[] question = (number++ + " " + order).getBytes(UTF_8);
                Datagram answer = client.request(question, PATIENCE, RETRIES, Control::isOfSameNumber);
                System.out.println(order + ": " + answer.getText().split(" ")[1]);
            }
        }
    }

    private void obey(Datagram datagram, Reply reply) throws IOException, InterruptedException {
        String[] order = datagram.getText().split(" ");
        switch (order[1]) {
            case "pause" -> isPaused.set(true);
            case "resume" -> isPaused.set(false);
            default -> {}
        }
        reply.send((order[0] + (isPaused.get() ? " paused" : " working")).getBytes(UTF_8));
    }

    private static boolean isOfSameNumber(byte[] request, Datagram answer) {
        return new String(request, UTF_8).split(" ")[0].equals(answer.getText().split(" ")[0]);
    }
}
