package io.hawser.messaging;

import io.hawser.Endpoint;
import io.hawser.Health;
import io.hawser.blocking.Blocking;
import io.hawser.reconnect.LinkState;
import io.hawser.reconnect.SendOutcome;
import java.io.IOException;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.Flow.Publisher;
import kotlinx.coroutines.CoroutineScopeKt;
import kotlinx.coroutines.Dispatchers;
import kotlinx.coroutines.jdk9.ReactiveFlowKt;

/**
 * A {@link HubClient} for threads that wait, which needs {@code hawser-blocking} on the class path. It stays connected until
 * {@link #close()} or {@link #shutdown(Duration)}, or until it gives up, which {@link #getCause()} explains. Any thread may use it, but
 * one of an event loop, where calls that may wait fail at once with {@link IllegalStateException}.
 */
public final class BlockingHubClient implements AutoCloseable {
    private final HubClient client;

    private BlockingHubClient(HubClient client) {
        this.client = client;
    }

    /**
     * Has {@code client} connect, again and again until it is stopped. Returns at once.
     *
     * @throws IllegalStateException if it has been started or closed before
     */
    public static BlockingHubClient start(HubClient client) {
        return new BlockingHubClient(client.start(CoroutineScopeKt.CoroutineScope(Dispatchers.getDefault())));
    }

    /** Whom it connects to. */
    public Endpoint getEndpoint() {
        return client.getEndpoint();
    }

    /** Where it is in its life. */
    public LinkState getState() {
        return client.getState().getValue();
    }

    /** Why it gave up, or null while it has not, and if it was told to stop. */
    public Throwable getCause() {
        return client.getCause();
    }

    /**
     * Waits up to {@code timeout} until it is connected. An interrupt changes nothing.
     *
     * @throws io.hawser.ConnectTimeout if it is not connected by then
     * @throws io.hawser.reconnect.LinkStopped once it has stopped
     */
    public void awaitConnected(Duration timeout) throws IOException, InterruptedException {
        Blocking.await(it -> client.awaitConnected(timeout, it));
    }

    /**
     * Takes the next message of the hub, waiting for it up to {@code timeout}.
     *
     * @throws io.hawser.ReadTimeout if none comes in time
     * @throws io.hawser.reconnect.LinkStopped once it has stopped and all that came has been taken
     */
    public Message receive(Duration timeout) throws IOException, InterruptedException {
        return Blocking.await(it -> client.receive(timeout, it));
    }

    /** What the hub sends, each message to one of those who subscribe or {@link #receive}; as {@link HubClient#getMessages()} says. */
    public Publisher<Message> messages() {
        return ReactiveFlowKt.asPublisher(client.getMessages(), Dispatchers.getDefault());
    }

    /**
     * What it hears beside messages, to any number of subscribers; as {@link HubClient#getEvents()} says.
     * Nothing is missed once a subscriber has requested; it is called on the thread where it happens, and must not block.
     */
    public Publisher<HubClientEvent> events() {
        return ReactiveFlowKt.asPublisher(client.getEvents());
    }

    /**
     * Sends {@code data} to the hub: queued while it is not connected, never twice.
     *
     * @throws IllegalArgumentException for what in {@code data} cannot be said
     * @throws io.hawser.FrameTooLarge over {@link HubClientOptions#getMaxFrame()}
     * @throws io.hawser.reconnect.LinkStopped once it has stopped
     * @throws InterruptedException if the thread is interrupted: while the message waits, it is not sent; later it may be
     */
    public SendOutcome send(Map<String, ?> data) throws IOException, InterruptedException {
        return send(data, MessageType.DATA);
    }

    /** Sends a message of {@code type} as the other does. */
    public SendOutcome send(Map<String, ?> data, MessageType type) throws IOException, InterruptedException {
        return Blocking.await(it -> client.send(data, type, it));
    }

    /**
     * Connects no more, and waits up to {@code grace} until what waits to be sent has left. Returns when nothing of it is left. An interrupt
     * leaves it ending.
     *
     * @throws IllegalArgumentException if {@code grace} is negative
     */
    public void shutdown(Duration grace) throws IOException, InterruptedException {
        Blocking.await(it -> client.shutdown(grace, it));
    }

    /** Closes the connection and connects no more. Returns at once; idempotent. {@link #join()} waits for the end. */
    @Override
    public void close() {
        client.close();
    }

    /** Waits until it has stopped and nothing of it is left. */
    public void join() throws IOException, InterruptedException {
        Blocking.await(client::join);
    }

    /** How it is, as {@link HubClient#health()} says. */
    public Health health() {
        return client.health();
    }

    /** The client that this one is of. */
    public HubClient unwrap() {
        return client;
    }

    @Override
    public String toString() {
        return client.toString();
    }
}
