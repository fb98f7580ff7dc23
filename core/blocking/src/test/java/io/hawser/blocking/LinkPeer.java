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
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;

/** A port where sometimes there is a server and sometimes none, and what a link to it tells. */
final class LinkPeer implements AutoCloseable {
    static final Duration LONG = Duration.ofSeconds(50);

    final int port;

    /** Bound and not listening: who connects is refused, nobody else is given the port, and a server that reuses addresses may have it. */
    private final SocketChannel keeper;

    private final BlockingQueue<SocketEvent> events = new LinkedBlockingQueue<>();

    LinkPeer() {
        try {
            keeper = SocketChannel.open()
                    .setOption(StandardSocketOptions.SO_REUSEADDR, true)
                    .bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
            port = keeper.socket().getLocalPort();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() throws IOException {
        keeper.close();
    }

    /** Says {@code greeting} and waits for the end. */
    BlockingServer greets(String greeting) throws Exception {
        return Blocking.server(Tcp.server("127.0.0.1", port)).start(connection -> {
            connection.writeLine(greeting);
            connection.readLine();
        });
    }

    StreamClient client() {
        return client(port);
    }

    /** One of another server, which tells the same. */
    StreamClient client(int port) {
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
