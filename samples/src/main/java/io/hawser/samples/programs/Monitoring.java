package io.hawser.samples.programs;

import io.hawser.ConnectionInfo;
import io.hawser.Hawser;
import io.hawser.ServerOptions;
import io.hawser.blocking.Blocking;
import io.hawser.blocking.BlockingServer;
import io.hawser.event.ConnectionEvent;
import io.hawser.event.ServerEvent;
import io.hawser.event.SocketEvent;
import java.io.IOException;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/** A server in Java that can be watched: who comes and goes, as it happens, and every ten seconds who is there and what they have moved. */
public final class Monitoring {
    private Monitoring() {}

    public static void main(String[] args) throws IOException, InterruptedException {
        String endpoint = args.length > 0 ? args[0] : "tcp://127.0.0.1:9006";
        ServerOptions options =
                ServerOptions.builder().onEvent(Monitoring::tell).build();
        ScheduledExecutorService clock = Executors.newSingleThreadScheduledExecutor();
        try (BlockingServer server = Blocking.server(Hawser.streamServer(endpoint, options))
                .start(connection -> connection.copyTo(connection))) {
            System.out.println("watches " + server.getEndpoint());
            clock.scheduleAtFixedRate(() -> report(server), 10, 10, TimeUnit.SECONDS);
            server.awaitClosed();
        } finally {
            clock.shutdown();
        }
    }

    private static void tell(SocketEvent event) {
        if (event instanceof ConnectionEvent.Opened opened) {
            System.out.println(opened.getId() + " opened");
        } else if (event instanceof ConnectionEvent.Failed failed) {
            System.out.println(failed.getId() + " failed: " + failed.getCause().getMessage());
        } else if (event instanceof ConnectionEvent.Closed closed) {
            System.out.println(closed.getId() + " closed: " + closed.getReason());
        } else if (event instanceof ServerEvent.Refused refused) {
            System.out.println("refused: " + refused.getReason());
        } else if (event instanceof ServerEvent.AcceptFailed failed) {
            System.out.println("nobody could be accepted: " + failed.getCause().getMessage());
        }
    }

    private static void report(BlockingServer server) {
        System.out.printf(
                "%d connections of %d%n",
                server.getConnectionCount(), server.getTotals().getAccepted());
        for (ConnectionInfo info : server.getConnections()) System.out.println("  " + info);
    }
}
