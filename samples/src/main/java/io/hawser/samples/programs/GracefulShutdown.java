package io.hawser.samples.programs;

import io.hawser.Hawser;
import io.hawser.OnDrain;
import io.hawser.ServerOptions;
import io.hawser.ShutdownReport;
import io.hawser.blocking.Blocking;
import io.hawser.blocking.BlockingConnection;
import io.hawser.blocking.BlockingServer;
import java.io.IOException;
import java.time.Duration;

/**
 * A server in Java that ends well: at SIGTERM, or Ctrl-C, it lets nobody in any more, lets those that are in finish what they are at, and
 * cuts after ten seconds who is still there.
 */
public final class GracefulShutdown {
    private GracefulShutdown() {}

    public static void main(String[] args) throws IOException, InterruptedException {
        String endpoint = args.length > 0 ? args[0] : "tcp://127.0.0.1:9005";
        // Who waits for a question finds the end instead; who is at an answer gives it.
        ServerOptions options =
                ServerOptions.builder().onDrain(OnDrain.EndInput).build();
        BlockingServer server =
                Blocking.server(Hawser.streamServer(endpoint, options)).start(GracefulShutdown::reverse);
        // The JVM answers a signal with its shutdown hooks and is gone when they have ended.
        Runtime.getRuntime().addShutdownHook(new Thread(() -> drain(server)));
        System.out.println("serves on " + server.getEndpoint());
        server.awaitClosed();
    }

    private static void reverse(BlockingConnection connection) throws IOException, InterruptedException {
        for (String line = connection.readLine(); line != null; line = connection.readLine())
            connection.writeLine(new StringBuilder(line).reverse().toString());
    }

    private static void drain(BlockingServer server) {
        try {
            ShutdownReport report = server.shutdown(Duration.ofSeconds(10));
            System.out.println(report.getDrained() + " finished, " + report.getCut() + " were cut");
        } catch (IOException | InterruptedException e) {
            System.out.println("not all have ended: " + e);
        }
    }
}
