package io.hawser.samples.programs;

import static io.hawser.samples.programs.Await.await;
import static java.nio.charset.StandardCharsets.UTF_8;

import io.hawser.DatagramSocket;
import io.hawser.Hawser;
import io.hawser.RunningDatagramServer;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import kotlin.Unit;
import kotlinx.coroutines.GlobalScope;

/** One event for several listeners, in Java: each has a socket of its own, and the sender one to each of them. */
public final class Notifications {
    private Notifications() {}

    public static void main(String[] endpoints) throws IOException, InterruptedException {
        BlockingQueue<String> heard = new LinkedBlockingQueue<>();
        List<RunningDatagramServer> listeners = new ArrayList<>();
        for (String endpoint : endpoints) {
            String name = "listener " + listeners.size();
            listeners.add(await(caller -> Hawser.datagramServer(endpoint)
                    .start(
                            GlobalScope.INSTANCE,
                            (exchange, event, handler) -> {
                                heard.add(name + ": " + event.getText());
                                return Unit.INSTANCE;
                            },
                            caller)));
        }
        for (RunningDatagramServer listener : listeners) {
            try (DatagramSocket socket = await(
                    caller -> Hawser.datagramClient(listener.getEndpoint()).open(caller))) {
                socket.trySend("order 17 shipped".getBytes(UTF_8));
            }
            System.out.println(heard.take());
        }
        listeners.forEach(RunningDatagramServer::close);
    }
}
