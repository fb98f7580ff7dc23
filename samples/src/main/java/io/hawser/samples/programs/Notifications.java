package io.hawser.samples.programs;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.concurrent.TimeUnit.SECONDS;

import io.hawser.Hawser;
import io.hawser.PeerUnreachable;
import io.hawser.blocking.Blocking;
import io.hawser.blocking.BlockingDatagramServer;
import io.hawser.blocking.BlockingDatagramSocket;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;

/**
 * One event for several listeners, in Java: each has a socket of its own, and the sender one to each of them. One that has gone is told of
 * and keeps it from nobody else.
 */
public final class Notifications {
    private Notifications() {}

    public static void main(String[] endpoints) throws IOException, InterruptedException {
        BlockingQueue<String> heard = new LinkedBlockingQueue<>();
        List<BlockingDatagramServer> listeners = new ArrayList<>();
        List<BlockingDatagramSocket> sockets = new ArrayList<>();
        try {
            for (String endpoint : endpoints) {
                String name = "listener " + listeners.size();
                BlockingDatagramServer listener = Blocking.server(Hawser.datagramServer(endpoint))
                        .start((event, reply) -> heard.add(name + ": " + event.getText()));
                listeners.add(listener);
                sockets.add(Blocking.client(Hawser.datagramClient(listener.getEndpoint()))
                        .open());
            }
            listeners.get(listeners.size() - 1).shutdown(Duration.ofSeconds(1));
            for (BlockingDatagramSocket socket : sockets) notify(socket, heard);
        } finally {
            sockets.forEach(BlockingDatagramSocket::close);
            listeners.forEach(BlockingDatagramServer::close);
        }
    }

    private static void notify(BlockingDatagramSocket socket, BlockingQueue<String> heard)
            throws IOException, InterruptedException {
        try {
            socket.send("order 17 shipped".getBytes(UTF_8));
            // A datagram may get lost.
            System.out.println(Objects.requireNonNullElse(heard.poll(5, SECONDS), "nobody has heard it"));
        } catch (PeerUnreachable e) {
            System.out.println(e.getMessage());
        }
    }
}
