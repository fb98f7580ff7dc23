package io.hawser.samples.readme.modules;

import io.hawser.blocking.Blocking;
import io.hawser.blocking.BlockingConnection;
import io.hawser.blocking.BlockingServer;
import io.hawser.tcp.Tcp;
import java.util.Locale;

public class BlockingExample {
    public static void main(String... args) throws Exception {
        try (BlockingServer server = Blocking.server(Tcp.server("127.0.0.1", 0)).start(BlockingExample::shout);
                BlockingConnection connection = Blocking.client(Tcp.client("127.0.0.1", server.getPort()))
                        .connect()) {
            connection.writeLine("hello");
            System.out.println(connection.readLine());
        }
    }

    private static void shout(BlockingConnection connection) throws Exception {
        for (String line = connection.readLine(); line != null; line = connection.readLine()) {
            connection.writeLine(line.toUpperCase(Locale.ROOT));
        }
    }
}
