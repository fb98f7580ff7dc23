package io.hawser.samples.programs;

import io.hawser.ClientOptions;
import io.hawser.Hawser;
import io.hawser.blocking.Blocking;
import io.hawser.blocking.BlockingClient;
import io.hawser.blocking.BlockingConnection;
import io.hawser.blocking.BlockingServer;
import java.io.IOException;
import java.time.Duration;

/** A proxy in Java: has each connection to the first endpoint meet one of its own to the second. */
public final class Forward {
    private Forward() {}

    public static void main(String[] args) throws IOException, InterruptedException {
        ClientOptions options =
                ClientOptions.builder().connectTimeout(Duration.ofSeconds(3)).build();
        BlockingClient target = Blocking.client(Hawser.streamClient(args[1], options));
        try (BlockingServer server = Blocking.server(Hawser.streamServer(args[0]))
                .start(near -> {
                    try (BlockingConnection far = target.connect()) {
                        Blocking.relay(near, far);
                    }
                })) {
            System.out.println("stands in on " + server.getEndpoint());
            server.awaitClosed();
        }
    }
}
