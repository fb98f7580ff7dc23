package io.hawser.samples.programs;

import io.hawser.Hawser;
import io.hawser.blocking.Blocking;
import io.hawser.blocking.BlockingServer;
import java.io.IOException;

/** An echo server in Java on the endpoint it is told, a thread for each connection, until it is killed. */
public final class Echo {
    private Echo() {}

    public static void main(String[] args) throws IOException, InterruptedException {
        String endpoint = args.length > 0 ? args[0] : "tcp://127.0.0.1:9002";
        try (BlockingServer server =
                Blocking.server(Hawser.streamServer(endpoint)).start(connection -> connection.copyTo(connection))) {
            System.out.println("echoes on " + server.getEndpoint());
            server.awaitClosed();
        }
    }
}
