package io.hawser.blocking;

import io.hawser.ClientOptions;
import io.hawser.StreamClient;
import io.hawser.event.ConnectionEvent;
import io.hawser.event.LinkEvent;
import io.hawser.event.SocketEvent;
import io.hawser.reconnect.Backoff;
import io.hawser.reconnect.LinkOptions;
import io.hawser.reconnect.LinkState;
import io.hawser.tcp.Tcp;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;

/** A port where sometimes there is a server and sometimes none, and what a link to it tells. */
final class LinkPeer {
    static final Duration LONG = Duration.ofSeconds(50);

    final int port;
    private final BlockingQueue<SocketEvent> events = new LinkedBlockingQueue<>();

    LinkPeer() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = socket.getLocalPort();
        }
    }

    LinkPeer(int port) {
        this.port = port;
    }

    /** Says {@code greeting} and waits for the end. */
    BlockingServer greets(String greeting) throws Exception {
        return Blocking.server(Tcp.server("127.0.0.1", port)).start(connection -> {
            connection.writeLine(greeting);
            connection.readLine();
        });
    }

    StreamClient client() {
        return Tcp.client(
                "127.0.0.1", port, ClientOptions.builder().onEvent(events::add).build());
    }

    /** Tries again at once, and gives nothing up that is slow. */
    static LinkOptions eager() {
        return LinkOptions.builder()
                .backoff(Backoff.immediate)
                .dialTimeout(LONG)
                .handshakeTimeout(LONG)
                .writeTimeout(LONG)
                .build();
    }

    /** Returns when the link went over to a state of {@code type}, after those that were awaited before. */
    <S extends LinkState> S await(Class<S> type) throws InterruptedException {
        while (true) {
            if (events.take() instanceof LinkEvent.StateChanged changed && type.isInstance(changed.getState()))
                return type.cast(changed.getState());
        }
    }

    /** Returns when the link waits, and knows how long. */
    void awaitWaiting() throws InterruptedException {
        while (await(LinkState.Waiting.class).getDelay() == null) continue;
    }

    void awaitDialing() throws InterruptedException {
        while (!(events.take() instanceof ConnectionEvent.Dialing)) continue;
    }
}
