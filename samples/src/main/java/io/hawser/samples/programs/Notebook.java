package io.hawser.samples.programs;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.hawser.Admission;
import io.hawser.ClientOptions;
import io.hawser.OnDrain;
import io.hawser.ReadTimeout;
import io.hawser.ServerOptions;
import io.hawser.blocking.Blocking;
import io.hawser.blocking.BlockingClient;
import io.hawser.blocking.BlockingConnection;
import io.hawser.blocking.BlockingServer;
import io.hawser.tcp.Tcp;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * A notebook in Java for this machine: {@code add TEXT} and {@code count}, a line each, answered by a line.
 *
 * <p>It shows a server with limits, exchanges of one question and one answer, a read that times out and goes on, and a drain that ends the
 * connections of those who only listen.
 */
public final class Notebook {
    private static final Duration SOON = Duration.ofSeconds(10);

    private Notebook() {}

    public static void main(String[] args) throws IOException, InterruptedException {
        List<String> notes = new CopyOnWriteArrayList<>();
        ServerOptions options = ServerOptions.builder()
                .admission(Admission.allow("127.0.0.0/8", "::1"))
                .maxConnections(100)
                .idleTimeout(Duration.ofMinutes(5))
                .onDrain(OnDrain.EndInput)
                .build();
        try (BlockingServer server =
                Blocking.server(Tcp.server("127.0.0.1", 0, options)).start(connection -> serve(connection, notes))) {
            BlockingClient client = Blocking.client(Tcp.client("127.0.0.1", server.getPort()));
            for (String note : List.of("milk", "bread")) {
                byte[] question = ("add " + note + "\n").getBytes(UTF_8);
                System.out.println(client.<String>once(question, SOON, BlockingConnection::readLine));
            }
            ClientOptions impatient =
                    ClientOptions.builder().readTimeout(Duration.ofMillis(500)).build();
            try (BlockingConnection connection = Blocking.client(Tcp.client("127.0.0.1", server.getPort(), impatient))
                    .connect()) {
                try {
                    System.out.println(connection.readLine());
                } catch (ReadTimeout e) {
                    System.out.println("silence");
                }
                connection.writeLine("count");
                System.out.println(awaitLine(connection));

                // Its handler waits for a question, and finds the end instead.
                System.out.println(server.shutdown(SOON));
            }
        }
    }

    /** What was read before a timeout is not lost. */
    private static String awaitLine(BlockingConnection connection) throws IOException, InterruptedException {
        for (int i = 0; i < 20; i++) {
            try {
                return connection.readLine();
            } catch (ReadTimeout e) {
                // There may be more in a moment.
            }
        }
        return connection.readLine();
    }

    private static void serve(BlockingConnection connection, List<String> notes)
            throws IOException, InterruptedException {
        for (String line = connection.readLine(); line != null; line = connection.readLine()) {
            if (line.startsWith("add ")) {
                String note = line.substring("add ".length());
                notes.add(note);
                connection.writeLine("noted: " + note);
            } else {
                connection.writeLine(line.equals("count") ? notes.size() + " notes" : "add TEXT, or count");
            }
        }
    }
}
