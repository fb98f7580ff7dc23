package io.hawser.samples.programs;

import io.hawser.ClientOptions;
import io.hawser.Hawser;
import io.hawser.SocketFailure;
import io.hawser.blocking.Blocking;
import io.hawser.blocking.BlockingClient;
import io.hawser.blocking.BlockingConnection;
import io.hawser.blocking.BlockingServer;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A proxy in Java that spreads connections over its targets: each meets one of its own to the next of them, and who cannot be reached is
 * passed over. The first endpoint is the proxy's, the others are behind it.
 */
public final class Proxy {
    private final List<BlockingClient> targets = new ArrayList<>();
    private final AtomicInteger turn = new AtomicInteger();

    private Proxy() {}

    public static void main(String[] args) throws IOException, InterruptedException {
        if (args.length < 2) {
            throw new IllegalArgumentException("which endpoint is the proxy's, and which are behind it?");
        }
        ClientOptions options =
                ClientOptions.builder().connectTimeout(Duration.ofSeconds(3)).build();
        Proxy proxy = new Proxy();
        for (int i = 1; i < args.length; i++) proxy.targets.add(Blocking.client(Hawser.streamClient(args[i], options)));
        try (BlockingServer server =
                Blocking.server(Hawser.streamServer(args[0])).start(proxy::serve)) {
            System.out.println("stands in on " + server.getEndpoint());
            server.awaitClosed();
        }
    }

    private void serve(BlockingConnection near) throws IOException, InterruptedException {
        try (BlockingConnection far = connect()) {
            Blocking.relay(near, far);
        }
    }

    private BlockingConnection connect() throws IOException, InterruptedException {
        int first = turn.getAndIncrement();
        SocketFailure failure = null;
        for (int i = 0; i < targets.size(); i++) {
            try {
                return targets.get(Math.floorMod(first + i, targets.size())).connect();
            } catch (SocketFailure e) {
                failure = e;
            }
        }
        throw new IOException("nobody can be reached", failure);
    }
}
