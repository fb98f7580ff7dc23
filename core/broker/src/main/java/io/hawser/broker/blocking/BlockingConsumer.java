package io.hawser.broker.blocking;

import io.hawser.Health;
import io.hawser.blocking.Blocking;
import io.hawser.broker.Body;
import io.hawser.broker.Consumer;
import io.hawser.broker.ConsumerPool;
import io.hawser.broker.Requester;
import java.io.IOException;
import java.time.Duration;
import java.util.Map;
import java.util.UUID;
import kotlinx.coroutines.CoroutineScope;
import kotlinx.coroutines.CoroutineScopeKt;
import kotlinx.coroutines.Dispatchers;

/**
 * A {@link Consumer}, or a {@link ConsumerPool}, for threads that wait, which needs {@code hawser-blocking} on the class path. It stays
 * connected until {@link #close()} or {@link #shutdown(Duration)}. Any number of threads may ask at once, but none of an event loop, where
 * calls that may wait fail at once with {@link IllegalStateException}.
 *
 * <p>All that asks has a timeout, which is positive and covers everything: waiting for a connection, all attempts, and the taking of the
 * reply. {@link Requester} says what it fails with. Who is interrupted while he asks gets an {@link InterruptedException}, and the
 * provider's handler is cancelled.
 */
public final class BlockingConsumer implements AutoCloseable {
    /** As long as the broker allows. */
    private static final Duration FOREVER = Duration.ofSeconds(Long.MAX_VALUE);

    private final Requester requester;

    private BlockingConsumer(Requester requester) {
        this.requester = requester;
    }

    /**
     * Has {@code consumer} connect, again and again until it is stopped. Returns at once.
     *
     * @throws IllegalStateException if it has been started or closed before
     */
    public static BlockingConsumer start(Consumer consumer) {
        return new BlockingConsumer(consumer.start(scope()));
    }

    /**
     * Has each of {@code pool} connect, as the other.
     *
     * @throws IllegalStateException if it has been started or closed before
     */
    public static BlockingConsumer start(ConsumerPool pool) {
        return new BlockingConsumer(pool.start(scope()));
    }

    private static CoroutineScope scope() {
        return CoroutineScopeKt.CoroutineScope(Dispatchers.getDefault());
    }

    /** Where it asks. */
    public UUID getChannel() {
        return requester.getChannel();
    }

    /**
     * Waits up to {@code timeout} until requests can leave at once. An interrupt changes nothing.
     *
     * @throws io.hawser.ConnectTimeout if they cannot by then; what the last attempt failed with is suppressed in it
     * @throws io.hawser.broker.NotAdmitted if the broker does not want it
     * @throws io.hawser.reconnect.LinkStopped once it has stopped for another reason
     */
    public void awaitRegistered(Duration timeout) throws IOException, InterruptedException {
        Blocking.await(it -> requester.awaitRegistered(timeout, it));
    }

    /** Asks with {@code body}, with the timeout of its options, and returns the whole reply. Otherwise as the others. */
    public byte[] request(byte[] body) throws IOException, InterruptedException {
        return request(body, standardTimeout());
    }

    /** Asks with {@code body}, and returns the whole reply. Otherwise as the other. */
    public byte[] request(byte[] body, Duration timeout) throws IOException, InterruptedException {
        return request(body, timeout, Map.of());
    }

    /**
     * Asks with {@code body}, which must not change any more, and returns the whole reply.
     *
     * @throws io.hawser.broker.BrokerFailure if there is none
     * @throws io.hawser.broker.BodyTooLarge for one over the {@code maxReply} of its options
     */
    public byte[] request(byte[] body, Duration timeout, Map<String, String> headers)
            throws IOException, InterruptedException {
        return request(Body.of(body), timeout, headers, requester.getOptions().getIdempotent());
    }

    /** As the others, with any {@code body}. If it may run twice, and is {@code idempotent}, it is asked again when its provider is lost. */
    public byte[] request(Body body, Duration timeout, Map<String, String> headers, boolean idempotent)
            throws IOException, InterruptedException {
        return Blocking.await(it -> requester.request(body, timeout, headers, idempotent, it));
    }

    /** Asks with {@code body}, and returns the reply when it begins to come. Otherwise as the other. */
    public BlockingReply exchange(Body body, Duration timeout) throws IOException, InterruptedException {
        return exchange(body, timeout, Map.of(), requester.getOptions().getIdempotent());
    }

    /**
     * Asks with {@code body}, and returns the reply when it begins to come, while the rest of {@code body} is still sent, on another thread.
     * Nothing is asked again then. Whoever leaves the reply before its end has to close it.
     *
     * @throws io.hawser.broker.BrokerFailure if there is none
     */
    public BlockingReply exchange(Body body, Duration timeout, Map<String, String> headers, boolean idempotent)
            throws IOException, InterruptedException {
        return new BlockingReply(
                Blocking.await(it -> OpenExchange.open(requester, body, timeout, headers, idempotent, it)));
    }

    /**
     * Asks a provider whether it is there, which its library answers and no handler sees, and returns how long the answer took once there
     * was a connection. Neither waits for a provider nor asks again.
     */
    public Duration ping(Duration timeout) throws IOException, InterruptedException {
        return Blocking.await(it -> requester.ping(timeout, it));
    }

    /**
     * Asks nothing new, waits up to {@code grace} for what has been asked, and closes. Returns when nothing of it is left. An interrupt
     * leaves it ending.
     *
     * @throws IllegalArgumentException if {@code grace} is negative
     */
    public void shutdown(Duration grace) throws IOException, InterruptedException {
        Blocking.await(it -> requester instanceof ConsumerPool pool
                ? pool.shutdown(grace, it)
                : ((Consumer) requester).shutdown(grace, it));
    }

    /**
     * Closes the connection and connects no more: what is being asked fails with {@link io.hawser.broker.BrokerLost}. Returns at once;
     * idempotent. {@link #join()} waits for the end.
     */
    @Override
    public void close() {
        if (requester instanceof ConsumerPool pool) pool.close();
        else ((Consumer) requester).close();
    }

    /** Waits until it has stopped and nothing of it is left. */
    public void join() throws IOException, InterruptedException {
        Blocking.await(it -> requester instanceof ConsumerPool pool ? pool.join(it) : ((Consumer) requester).join(it));
    }

    /** How it is, as {@link Requester#health()} says. */
    public Health health() {
        return requester.health();
    }

    /** What this one is of: a {@link Consumer} or a {@link ConsumerPool}. */
    public Requester unwrap() {
        return requester;
    }

    @Override
    public String toString() {
        return requester.toString();
    }

    private Duration standardTimeout() {
        Duration timeout = requester.getOptions().getTimeout();
        return timeout == null ? FOREVER : timeout;
    }
}
