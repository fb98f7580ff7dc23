package io.hawser.blocking;

import io.hawser.Correlator;
import io.hawser.Datagram;
import io.hawser.DatagramClient;
import io.hawser.DatagramSocket;
import io.hawser.event.SocketEvent;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Flow.Publisher;
import kotlinx.coroutines.jdk9.ReactiveFlowKt;

/** A {@link DatagramClient} with futures. It holds nothing; each socket is its caller's. Any thread may use it. */
public final class AsyncDatagramClient {
    private final DatagramClient client;

    AsyncDatagramClient(DatagramClient client) {
        this.client = client;
    }

    /** Opens a socket, as {@link BlockingDatagramClient#open()} does. Cancelling it leaves nothing open. */
    public CompletableFuture<AsyncDatagramSocket> open() {
        return FutureCall.of(client::open, AsyncDatagramSocket::new, DatagramSocket::close);
    }

    /** As {@link BlockingDatagramClient#request(byte[], Duration, int, Correlator)}. */
    public CompletableFuture<Datagram> request(byte[] bytes, Duration timeout, int retries, Correlator correlator) {
        return FutureCall.of(it -> client.request(bytes, timeout, retries, correlator, it));
    }

    /** What happens to its connections or sockets, to any number of subscribers. */
    public Publisher<SocketEvent> events() {
        return ReactiveFlowKt.asPublisher(client.getEvents());
    }

    /** The client that this one is of. */
    public DatagramClient unwrap() {
        return client;
    }

    @Override
    public String toString() {
        return client.toString();
    }
}
