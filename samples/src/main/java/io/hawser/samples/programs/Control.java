package io.hawser.samples.programs;

import static io.hawser.samples.programs.Await.await;
import static java.nio.charset.StandardCharsets.UTF_8;

import io.hawser.Datagram;
import io.hawser.DatagramExchange;
import io.hawser.Hawser;
import io.hawser.RunningDatagramServer;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;
import kotlin.Unit;
import kotlin.coroutines.Continuation;
import kotlinx.coroutines.GlobalScope;

/** A worker in Java that is told what to do by datagrams, and answers each. */
public final class Control {
    private static final AtomicBoolean PAUSED = new AtomicBoolean();

    private Control() {}

    public static void main(String[] args) throws IOException, InterruptedException {
        String endpoint = args.length > 0 ? args[0] : "udp://127.0.0.1:0";
        RunningDatagramServer worker =
                await(caller -> Hawser.datagramServer(endpoint).start(GlobalScope.INSTANCE, Control::obey, caller));
        try (worker) {
            for (String order : new String[] {"pause", "status", "resume"}) {
                Datagram answer = await(caller -> Hawser.datagramClient(worker.getEndpoint())
                        .request(order.getBytes(UTF_8), Duration.ofSeconds(1), caller));
                System.out.println(order + ": " + answer.getText());
            }
        }
    }

    /** Whether the reply has left is a Boolean, which nobody asks for here. */
    @SuppressWarnings({"unchecked", "rawtypes"})
    private static Object obey(DatagramExchange exchange, Datagram order, Continuation<? super Unit> caller) {
        switch (order.getText()) {
            case "pause" -> PAUSED.set(true);
            case "resume" -> PAUSED.set(false);
            default -> {}
        }
        return exchange.reply((PAUSED.get() ? "paused" : "working").getBytes(UTF_8), (Continuation) caller);
    }
}
