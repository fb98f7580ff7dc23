package io.hawser.broker.blocking;

import io.hawser.Endpoint;
import io.hawser.Health;
import io.hawser.blocking.Blocking;
import io.hawser.broker.Body;
import io.hawser.broker.Provider;
import io.hawser.broker.Request;
import io.hawser.reconnect.LinkState;
import java.io.IOException;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import kotlin.Unit;
import kotlinx.coroutines.CoroutineScopeKt;
import kotlinx.coroutines.Dispatchers;

/**
 * A {@link Provider} for threads that wait, which needs {@code hawser-blocking} on the class path: with a handler that has a thread for each
 * request, or without one, and then requests are taken by {@link #receive(Duration)} and answered by {@link #respond(long, byte[])}. It
 * stays at its broker until {@link #close()} or {@link #shutdown(Duration)}, or until it gives up, which {@link #getCause()} explains. Any
 * thread may use it, but one of an event loop, where calls that may wait fail at once with {@link IllegalStateException}.
 */
public final class BlockingProvider implements AutoCloseable {
    private final Provider provider;

    private BlockingProvider(Provider provider) {
        this.provider = provider;
    }

    /**
     * Has {@code provider} connect, again and again until it is stopped, and {@code handler} answer each request, on a virtual thread of its
     * own where the JDK has them, else on a daemon thread; up to {@code concurrency} run at a time. Returns at once.
     *
     * @throws IllegalStateException if it has been started or closed before
     */
    public static BlockingProvider start(Provider provider, int concurrency, BlockingRequestHandler handler) {
        Objects.requireNonNull(handler);
        return new BlockingProvider(provider.start(
                CoroutineScopeKt.CoroutineScope(Dispatchers.getDefault()),
                concurrency,
                (responder, request, handled) -> Blocking.onThread(
                        () -> {
                            handler.handle(new BlockingRequest(request), new BlockingResponder(responder));
                            return Unit.INSTANCE;
                        },
                        handled)));
    }

    /**
     * As the other, for {@link #receive(Duration)}: up to {@code concurrency} requests at a time can be taken and not answered yet.
     *
     * @throws IllegalStateException if it has been started or closed before
     */
    public static BlockingProvider start(Provider provider, int concurrency) {
        return new BlockingProvider(
                provider.start(CoroutineScopeKt.CoroutineScope(Dispatchers.getDefault()), concurrency));
    }

    /** Where it answers. */
    public UUID getChannel() {
        return provider.getChannel();
    }

    /** The broker that it connects to. */
    public Endpoint getEndpoint() {
        return provider.getEndpoint();
    }

    /** Where its connection is in its life. */
    public LinkState getState() {
        return provider.getState().getValue();
    }

    /** Why it gave up, or null while it has not, and if it was told to stop. */
    public Throwable getCause() {
        return provider.getCause();
    }

    /** Whether the broker has it among those who answer. */
    public boolean isRegistered() {
        return provider.isRegistered().getValue();
    }

    /** Requests that have come and are not over. */
    public int getInFlight() {
        return provider.getInFlight();
    }

    /**
     * Waits up to {@code timeout} until the broker has it among those who answer. An interrupt changes nothing.
     *
     * @throws io.hawser.ConnectTimeout if it has not by then; what the last attempt failed with is suppressed in it
     * @throws io.hawser.broker.NotAdmitted if the broker does not want it
     * @throws io.hawser.reconnect.LinkStopped once it has stopped for another reason
     */
    public void awaitRegistered(Duration timeout) throws IOException, InterruptedException {
        Blocking.await(it -> provider.awaitRegistered(timeout, it));
    }

    /**
     * Takes the next request, waiting for it up to {@code timeout}; null once it has stopped. Any number of threads may take, and each gets
     * others.
     *
     * @throws io.hawser.ReadTimeout if none comes in time
     * @throws IllegalStateException if there is a handler
     */
    public BlockingRequest receive(Duration timeout) throws IOException, InterruptedException {
        Request request = Blocking.await(it -> provider.receive(timeout, it));
        return request == null ? null : new BlockingRequest(request);
    }

    /**
     * Answers the request {@code id} with {@code body}, which must not change any more, and returns when it waits to be sent; false if the
     * request is over, or has been answered.
     */
    public boolean respond(long id, byte[] body) throws IOException, InterruptedException {
        return respond(id, Body.of(body), Map.of());
    }

    /**
     * As the other, with any {@code body}, as fast as who asked takes it.
     *
     * @throws io.hawser.broker.HeadersTooLarge if the broker does not take the {@code headers}
     */
    public boolean respond(long id, Body body, Map<String, String> headers) throws IOException, InterruptedException {
        return Blocking.await(it -> provider.respond(id, body, headers, it));
    }

    /** Has the request {@code id} fail with {@code code}, which is not negative, and {@code message}; false if it is over, or answered. */
    public boolean fail(long id, int code, String message) {
        return provider.fail(id, code, message);
    }

    /**
     * Has the broker give it nothing new, waits up to {@code grace} for what it was given, and closes. Returns when nothing of it is left: a
     * handler that overhears its interrupt is waited for beyond the grace. An interrupt leaves it ending.
     *
     * @throws IllegalArgumentException if {@code grace} is negative
     */
    public void shutdown(Duration grace) throws IOException, InterruptedException {
        Blocking.await(it -> provider.shutdown(grace, it));
    }

    /** Closes the connection, interrupts the handlers and connects no more. Returns at once; idempotent. {@link #join()} waits for the end. */
    @Override
    public void close() {
        provider.close();
    }

    /** Waits until it has stopped and nothing of it is left, handlers included. */
    public void join() throws IOException, InterruptedException {
        Blocking.await(provider::join);
    }

    /** How it is, as {@link Provider#health()} says. */
    public Health health() {
        return provider.health();
    }

    /** The provider that this one is of. */
    public Provider unwrap() {
        return provider;
    }

    @Override
    public String toString() {
        return provider.toString();
    }
}
