package io.hawser.samples.programs;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.hawser.Hawser;
import io.hawser.blocking.Blocking;
import io.hawser.blocking.BlockingDatagramServer;
import io.hawser.blocking.BlockingDatagramSocket;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;

/** One event for several listeners, in Java: each has a socket of its own, and the sender one to each of them. */
public final class Notifications {
    private Notifications() {}

    public static void main(String[] endpoints) throws IOException, InterruptedException {
        BlockingQueue<String> heard = new LinkedBlockingQueue<>();
        List<BlockingDatagramServer> listeners = new ArrayList<>();
        for (String endpoint : endpoints) {
            String name = "listener " + listeners.size();
            listeners.add(Blocking.server(Hawser.datagramServer(endpoint))
                    .start((event, reply) -> heard.add(name + ": " + event.getText())));
        }
        for (BlockingDatagramServer listener : listeners) {
            try (BlockingDatagramSocket socket = Blocking.client(Hawser.datagramClient(listener.getEndpoint()))
                    .open()) {
                socket.trySend("order 17 shipped".getBytes(UTF_8));
            }
            System.out.println(heard.take());
        }
        listeners.forEach(BlockingDatagramServer::close);
    }
}
