package io.hawser.blocking;

import io.hawser.Connection;
import io.hawser.Health;
import io.hawser.StreamClient;
import io.hawser.event.SocketEvent;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.CancellationException;
import java.util.concurrent.Flow.Publisher;
import kotlin.Unit;
import kotlin.coroutines.EmptyCoroutineContext;
import kotlinx.coroutines.BuildersKt;
import kotlinx.coroutines.CoroutineScope;
import kotlinx.coroutines.CoroutineStart;
import kotlinx.coroutines.DelayKt;
import kotlinx.coroutines.Job;
import kotlinx.coroutines.jdk9.ReactiveFlowKt;

/** A {@link StreamClient} for threads that wait. It holds nothing; each connection is its caller's. Any thread may use it. */
public final class BlockingClient {
    /** The answer has ended, and not the time. */
    private static final CancellationException DONE = new CancellationException("the answer has ended");

    private final StreamClient client;

    BlockingClient(StreamClient client) {
        this.client = client;
    }

    /**
     * Connects, and returns the connection, which the caller closes. An interrupt leaves nothing open, unless it comes too late: then the
     * connection is returned, and the thread stays interrupted.
     *
     * @throws io.hawser.ConnectTimeout after {@code connectTimeout} of the client's options
     * @throws io.hawser.ConnectFailed if there is nobody to talk to
     * @throws io.hawser.HandshakeTimeout if a layer, such as TLS, is not ready after {@code handshakeTimeout}
     * @throws InterruptedException if the thread is interrupted
     */
    public BlockingConnection connect() throws IOException, InterruptedException {
        return new BlockingConnection(Call.await(client::connect));
    }

    /** How it is to connect just now, as {@link StreamClient#health(Duration, kotlin.coroutines.Continuation)} says. */
    public Health health(Duration timeout) throws IOException, InterruptedException {
        return Call.await(it -> client.health(timeout, it));
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
                (scope, connection, answered) -> {
                    Job guard = abortIfCancelled(scope, connection);
                    return HandlerThreads.<R>run(
                            HandlerThreads.context(),
                            () -> {
                                try {
                                    return answer.from(new BlockingConnection(connection));
                                } finally {
                                    guard.cancel(DONE);
                                }
                            },
                            answered);
                },
                it));
    }

    /** An answer that overhears its interrupt would go on for ever. */
    private static Job abortIfCancelled(CoroutineScope scope, Connection connection) {
        Job guard = BuildersKt.launch(
                scope,
                EmptyCoroutineContext.INSTANCE,
                CoroutineStart.UNDISPATCHED,
                (inner, continuation) -> DelayKt.awaitCancellation(continuation));
        guard.invokeOnCompletion(cause -> {
            if (cause != DONE) connection.abort();
            return Unit.INSTANCE;
        });
        return guard;
    }

    /** Reads the answer of one exchange. */
    @FunctionalInterface
    public interface Answer<R> {
        /** Returns what the connection has to say. */
        R from(BlockingConnection connection) throws IOException, InterruptedException;
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
