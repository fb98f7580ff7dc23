package io.hawser.blocking;

import io.hawser.StreamClient;
import io.hawser.event.SocketEvent;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.Flow.Publisher;
import kotlinx.coroutines.jdk9.ReactiveFlowKt;

/** A {@link StreamClient} for threads that wait. It holds nothing; each connection is its caller's. Any thread may use it. */
public final class BlockingClient {
    private final StreamClient client;

    BlockingClient(StreamClient client) {
        this.client = client;
    }

    /**
     * Connects, and returns the connection, which the caller closes. An interrupt leaves nothing open.
     *
     * @throws io.hawser.ConnectTimeout after {@code connectTimeout} of the client's options
     * @throws io.hawser.ConnectFailed if there is nobody to talk to
     * @throws io.hawser.HandshakeTimeout if a layer, such as TLS, is not ready after {@code handshakeTimeout}
     * @throws InterruptedException if the thread is interrupted
     */
    public BlockingConnection connect() throws IOException, InterruptedException {
        return new BlockingConnection(Call.await(client::connect));
    }

    /**
     * One exchange: connects, sends {@code request} while {@code answer} already reads, on a thread where it may wait, and returns what that
     * returns when all has been sent. The connection is always closed. For a peer that reads to the end before it answers, {@code answer}
     * calls {@link BlockingConnection#shutdownOutput()} first, which waits for the request.
     *
     * @throws io.hawser.ExchangeTimeout if all of it together is not over within {@code timeout}, which interrupts {@code answer}
     * @throws io.hawser.ConnectFailed if there is nobody to talk to
     */
    public <R> R once(byte[] request, Duration timeout, Answer<? extends R> answer)
            throws IOException, InterruptedException {
        return Call.await(it -> client.<R>once(
                request,
                timeout,
                (scope, connection, answered) -> HandlerThreads.<R>run(
                        HandlerThreads.context(), () -> answer.from(new BlockingConnection(connection)), answered),
                it));
    }

    /** Reads the answer of one exchange. */
    @FunctionalInterface
    public interface Answer<R> {
        /** Returns what the connection has to say. */
        R from(BlockingConnection connection) throws Exception;
    }

    /** What happens to its connections, to any number of subscribers, as {@link StreamClient#getEvents()} says. */
    public Publisher<SocketEvent> events() {
        return ReactiveFlowKt.asPublisher(client.getEvents());
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
