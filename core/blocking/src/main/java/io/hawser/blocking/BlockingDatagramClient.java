package io.hawser.blocking;

import io.hawser.Correlator;
import io.hawser.Datagram;
import io.hawser.DatagramClient;
import io.hawser.Health;
import io.hawser.event.SocketEvent;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.Flow.Publisher;
import kotlinx.coroutines.jdk9.ReactiveFlowKt;

/** A {@link DatagramClient} for threads that wait. It holds nothing; each socket is its caller's. Any thread may use it. */
public final class BlockingDatagramClient {
    private final DatagramClient client;

    BlockingDatagramClient(DatagramClient client) {
        this.client = client;
    }

    /**
     * Opens a socket of this client's peer, and returns it; the caller closes it. That the peer receives is not known by that.
     *
     * @throws io.hawser.ConnectFailed if there is no such peer, or no way to it
     */
    public BlockingDatagramSocket open() throws IOException, InterruptedException {
        return new BlockingDatagramSocket(Call.await(client::open));
    }

    /** Whether a socket can be opened just now, as {@link DatagramClient#health(Duration, kotlin.coroutines.Continuation)} says. */
    public Health health(Duration timeout) throws IOException, InterruptedException {
        return Call.await(it -> client.health(timeout, it));
    }

    /**
     * Sends {@code bytes} from a socket of its own, and returns the first datagram that comes back. What is not answered within
     * {@code timeout} is sent again, twice, because datagrams get lost: so the peer may get it several times.
     *
     * @throws io.hawser.PeerUnreachable if nobody received there the last time
     * @throws io.hawser.ExchangeTimeout if nothing came back
     */
    public Datagram request(byte[] bytes, Duration timeout) throws IOException, InterruptedException {
        return request(bytes, timeout, 2, Correlator.first);
    }

    /** As the other, sent again up to {@code retries} times, with the first datagram that {@code correlator} takes for the answer. */
    public Datagram request(byte[] bytes, Duration timeout, int retries, Correlator correlator)
            throws IOException, InterruptedException {
        return Call.await(it -> client.request(bytes, timeout, retries, correlator, it));
    }

    /** What happens to its sockets, to any number of subscribers, as {@link DatagramClient#getEvents()} says. */
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
