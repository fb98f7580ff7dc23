package io.hawser.blocking;

import io.hawser.Connection;
import io.hawser.Health;
import io.hawser.StreamClient;
import io.hawser.event.SocketEvent;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Flow.Publisher;
import kotlinx.coroutines.jdk9.ReactiveFlowKt;

/** A {@link StreamClient} with futures. It holds nothing; each connection is its caller's. Any thread may use it. */
public final class AsyncClient {
    private final StreamClient client;

    AsyncClient(StreamClient client) {
        this.client = client;
    }

    /** Connects, as {@link BlockingClient#connect()} does. Cancelling it leaves nothing open. */
    public CompletableFuture<AsyncConnection> connect() {
        return FutureCall.of(client::connect, AsyncConnection::new, Connection::close);
    }

    /** What happens to its connections or sockets, to any number of subscribers. */
    public Publisher<SocketEvent> events() {
        return ReactiveFlowKt.asPublisher(client.getEvents());
    }

    /** How it is to connect just now, as {@link BlockingClient#health(Duration)} says. */
    public CompletableFuture<Health> health(Duration timeout) {
        return FutureCall.of(it -> client.health(timeout, it));
    }

    /** The client that this one is of. */
    public StreamClient unwrap() {
        return client;
    }

    @Override
    public String toString() {
        return client.toString();
    }
}
