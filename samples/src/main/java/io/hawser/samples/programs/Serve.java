package io.hawser.samples.programs;

import io.hawser.Hawser;
import io.hawser.ServerOptions;
import io.hawser.StreamServer;
import io.hawser.blocking.Blocking;
import io.hawser.blocking.BlockingServer;
import io.hawser.event.ConnectionEvent;
import io.hawser.event.SocketEvent;
import java.io.IOException;

/** A server in Java that greets each guest and tells who comes and goes, until it is killed. */
public final class Serve {
    private Serve() {}

    public static void main(String[] args) throws IOException, InterruptedException {
        ServerOptions options = ServerOptions.builder().onEvent(Serve::tell).build();
        StreamServer server = Hawser.streamServer(args.length > 0 ? args[0] : "tcp://127.0.0.1:9002", options);
        try (BlockingServer running = Blocking.server(server)
                .start(connection -> connection.writeLine("good day, guest " + connection.getId()))) {
            System.out.println("greets on " + running.getEndpoint());
            running.awaitClosed();
        }
    }

    private static void tell(SocketEvent event) {
        if (event instanceof ConnectionEvent.Opened opened) {
            System.out.println(opened.getId() + " opened");
        } else if (event instanceof ConnectionEvent.Closed closed) {
            System.out.println(closed.getId() + " closed: " + closed.getReason());
        }
    }
}
