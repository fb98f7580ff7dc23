package io.hawser.samples.programs;

import static io.hawser.samples.programs.Await.await;
import static java.nio.charset.StandardCharsets.UTF_8;

import io.hawser.DatagramSocket;
import io.hawser.Hawser;
import io.hawser.RunningDatagramServer;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import kotlin.Unit;
import kotlinx.coroutines.GlobalScope;

/** Log lines from Java, each a datagram: who logs never waits, and knows what the collector had no room for. */
public final class LogLines {
    private LogLines() {}

    public static void main(String[] args) throws IOException, InterruptedException {
        BlockingQueue<String> collected = new LinkedBlockingQueue<>();
        String endpoint = args.length > 0 ? args[0] : "udp://127.0.0.1:0";
        RunningDatagramServer collector = await(caller -> Hawser.datagramServer(endpoint)
                .start(
                        GlobalScope.INSTANCE,
                        (exchange, line, handler) -> {
                            collected.add(line.getText());
                            return Unit.INSTANCE;
                        },
                        caller));
        int lost = 0;
        try (collector;
                DatagramSocket log = await(
                        caller -> Hawser.datagramClient(collector.getEndpoint()).open(caller))) {
            for (String line : List.of("INFO: started", "ERROR: disk full")) {
                if (!log.trySend(line.getBytes(UTF_8))) lost++;
            }
            for (int i = lost; i < 2; i++) System.out.println(collected.take());
        }
        System.out.println(lost + " lost");
    }
}
