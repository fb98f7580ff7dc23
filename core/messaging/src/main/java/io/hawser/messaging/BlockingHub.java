package io.hawser.messaging;

import io.hawser.Endpoint;
import io.hawser.Health;
import io.hawser.blocking.Blocking;
import java.io.IOException;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Flow.Publisher;
import java.util.function.Predicate;
import kotlinx.coroutines.CoroutineScopeKt;
import kotlinx.coroutines.Dispatchers;
import kotlinx.coroutines.jdk9.ReactiveFlowKt;

/**
 * A {@link MessageHub} for threads that wait, which needs {@code hawser-blocking} on the class path. It runs until {@link #close()} or
 * {@link #shutdown(Duration)}. Any thread may use it, but one of an event loop, where calls that may wait fail at once with
 * {@link IllegalStateException}.
 */
public final class BlockingHub implements AutoCloseable {
    private final MessageHub hub;

    private BlockingHub(MessageHub hub) {
        this.hub = hub;
    }

    /**
     * Starts {@code hub}, and returns it as soon as clients can connect. An interrupt leaves nothing behind.
     *
     * @throws io.hawser.BindFailed if the address cannot be had
     * @throws IllegalStateException if it has been started or closed before
     */
    public static BlockingHub start(MessageHub hub) throws IOException, InterruptedException {
        Blocking.await(it -> hub.start(CoroutineScopeKt.CoroutineScope(Dispatchers.getDefault()), it));
        return new BlockingHub(hub);
    }

    /** What it sends messages about. */
    public String getEvent() {
        return hub.getEvent();
    }

    /** Where it listens, with the real port. */
    public SocketAddress getAddress() {
        return hub.getAddress();
    }

    /** {@link #getAddress()} in its canonical form. */
    public Endpoint getEndpoint() {
        return hub.getEndpoint();
    }

    /** Who is connected, in the order in which they came. */
    public List<ConnectedClient> getClients() {
        return hub.getClients().getValue();
    }

    /** Messages that wait for the first client. */
    public int getBacklogSize() {
        return hub.getBacklogSize();
    }

    /** Messages that nobody has got, because nobody came in time. */
    public long getBacklogDropped() {
        return hub.getBacklogDropped();
    }

    /**
     * Sends {@code data} to every client, or keeps it in the backlog if there is none. Waits only under {@link WhenSlow#Suspend};
     * interrupted while it does, it has reached those clients that had room.
     *
     * @throws IllegalArgumentException for what in {@code data} cannot be said
     * @throws io.hawser.FrameTooLarge over {@link HubOptions#getMaxFrame()}
     */
    public SendResult broadcast(Map<String, ?> data) throws IOException, InterruptedException {
        return broadcast(data, MessageType.DATA);
    }

    /** Sends a message of {@code type} as the other does. */
    public SendResult broadcast(Map<String, ?> data, MessageType type) throws IOException, InterruptedException {
        return Blocking.await(it -> hub.broadcast(data, type, it));
    }

    /** Sends {@code data} to every client that {@code to} matches; otherwise as for all, but nothing is kept for later. */
    public SendResult broadcast(Map<String, ?> data, MessageType type, Predicate<ConnectedClient> to)
            throws IOException, InterruptedException {
        return Blocking.await(it -> hub.broadcast(data, type, to, it));
    }

    /** Sends {@code data} to every client in {@code group}; otherwise as by a predicate. */
    public SendResult broadcastToGroup(String group, Map<String, ?> data, MessageType type)
            throws IOException, InterruptedException {
        return Blocking.await(it -> hub.broadcastToGroup(group, data, type, it));
    }

    /** Sends {@code data} to the client {@code clientId}; otherwise as by a predicate. */
    public SendResult send(String clientId, Map<String, ?> data) throws IOException, InterruptedException {
        return send(clientId, data, MessageType.DATA);
    }

    /** Sends a message of {@code type} as the other does. */
    public SendResult send(String clientId, Map<String, ?> data, MessageType type)
            throws IOException, InterruptedException {
        return Blocking.await(it -> hub.send(clientId, data, type, it));
    }

    /**
     * Takes the next message that a client has sent, waiting for it up to {@code timeout}.
     *
     * @throws io.hawser.ReadTimeout if none comes in time
     * @throws HubClosed once it has ended and all that came has been taken
     */
    public ReceivedMessage receive(Duration timeout) throws IOException, InterruptedException {
        return Blocking.await(it -> hub.receive(timeout, it));
    }

    /** What clients send, each message to one of those who subscribe or {@link #receive}; as {@link MessageHub#getReceived()} says. */
    public Publisher<ReceivedMessage> received() {
        return ReactiveFlowKt.asPublisher(hub.getReceived(), Dispatchers.getDefault());
    }

    /**
     * What happens here, to any number of subscribers; as {@link MessageHub#getEvents()} says.
     * Nothing is missed once a subscriber has requested; it is called on the thread where it happens, and must not block.
     */
    public Publisher<HubEvent> events() {
        return ReactiveFlowKt.asPublisher(hub.getEvents());
    }

    /** Puts the client {@code clientId} in {@code group}. False if there is no such client. */
    public boolean join(String clientId, String group) {
        return hub.join(clientId, group);
    }

    /** Takes the client {@code clientId} out of {@code group}. False if there is no such client. */
    public boolean leave(String clientId, String group) {
        return hub.leave(clientId, group);
    }

    /** Disconnects the client {@code clientId}; what waits for it is lost. False if there is no such client. */
    public boolean disconnect(String clientId) {
        return hub.disconnect(clientId);
    }

    /**
     * Tells the clients, takes no new ones, lets what waits for them leave, up to {@code grace}, then cuts what is left. Returns when nothing
     * of the hub is left. An interrupt leaves it ending.
     *
     * @throws IllegalArgumentException if {@code grace} is negative
     */
    public void shutdown(Duration grace) throws IOException, InterruptedException {
        Blocking.await(it -> hub.shutdown(grace, it));
    }

    /** Cuts everybody and ends the hub. Returns at once; idempotent. {@link #awaitClosed()} waits for the end. */
    @Override
    public void close() {
        hub.close();
    }

    /** Waits until nothing of the hub runs and its address is free. */
    public void awaitClosed() throws IOException, InterruptedException {
        Blocking.await(hub::awaitClosed);
    }

    /** How it is, as {@link MessageHub#health()} says. */
    public Health health() {
        return hub.health();
    }

    /** The hub that this one is of. */
    public MessageHub unwrap() {
        return hub;
    }

    @Override
    public String toString() {
        return hub.toString();
    }
}
