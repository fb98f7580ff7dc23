package io.hawser.broker.blocking;

import io.hawser.Endpoint;
import io.hawser.Health;
import io.hawser.blocking.Blocking;
import io.hawser.broker.Broker;
import io.hawser.broker.BrokerEvent;
import io.hawser.broker.BrokerStats;
import io.hawser.broker.ConnectedPeer;
import java.io.IOException;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Flow.Publisher;
import kotlinx.coroutines.CoroutineScopeKt;
import kotlinx.coroutines.Dispatchers;
import kotlinx.coroutines.jdk9.ReactiveFlowKt;

/**
 * A {@link Broker} for threads that wait, which needs {@code hawser-blocking} on the class path. It runs until {@link #close()} or
 * {@link #shutdown(Duration)}. Any thread may use it, but one of an event loop, where calls that may wait fail at once with
 * {@link IllegalStateException}.
 */
public final class BlockingBroker implements AutoCloseable {
    private final Broker broker;

    private BlockingBroker(Broker broker) {
        this.broker = broker;
    }

    /**
     * Starts {@code broker}, and returns it as soon as clients can connect. An interrupt leaves nothing behind.
     *
     * @throws io.hawser.BindFailed if the address cannot be had
     * @throws IllegalStateException if it has been started or closed before
     */
    public static BlockingBroker start(Broker broker) throws IOException, InterruptedException {
        Blocking.await(it -> broker.start(CoroutineScopeKt.CoroutineScope(Dispatchers.getDefault()), it));
        return new BlockingBroker(broker);
    }

    /** Where it listens, with the real port. */
    public SocketAddress getAddress() {
        return broker.getAddress();
    }

    /** {@link #getAddress()} in its canonical form. */
    public Endpoint getEndpoint() {
        return broker.getEndpoint();
    }

    /**
     * The port of {@link #getAddress()}.
     *
     * @throws IllegalStateException if it has none
     */
    public int getPort() {
        return broker.getPort();
    }

    /** Who is connected. */
    public List<ConnectedPeer> getPeers() {
        return broker.getPeers();
    }

    /** What it does, and has done so far. */
    public BrokerStats getStats() {
        return broker.getStats();
    }

    /** {@link #getStats()}, at once and then {@code every} so long, until it has ended; to any number of subscribers. */
    public Publisher<BrokerStats> stats(Duration every) {
        return ReactiveFlowKt.asPublisher(broker.stats(every), Dispatchers.getDefault());
    }

    /**
     * What happens here, to any number of subscribers; as {@link Broker#getEvents()} says.
     * Nothing is missed once a subscriber has requested; it is called on the thread where it happens, and must not block.
     */
    public Publisher<BrokerEvent> events() {
        return ReactiveFlowKt.asPublisher(broker.getEvents());
    }

    /** Disconnects the peer {@code peerId}; what it asks and answers is lost. False if there is no such peer. */
    public boolean disconnect(long peerId) {
        return broker.disconnect(peerId);
    }

    /**
     * Takes no new requests, and tells everybody; when those that there are have been answered, for which there is the {@code grace}, it ends
     * all connections. Returns when nothing of it is left. An interrupt leaves it ending.
     *
     * @throws IllegalArgumentException if {@code grace} is negative
     */
    public void shutdown(Duration grace) throws IOException, InterruptedException {
        Blocking.await(it -> broker.shutdown(grace, it));
    }

    /** Cuts everybody and ends the broker. Returns at once; idempotent. {@link #awaitClosed()} waits for the end. */
    @Override
    public void close() {
        broker.close();
    }

    /** Waits until nothing of the broker runs and its address is free. */
    public void awaitClosed() throws IOException, InterruptedException {
        Blocking.await(broker::awaitClosed);
    }

    /** How it is, as {@link Broker#health()} says. */
    public Health health() {
        return broker.health();
    }

    /** The broker that this one is of. */
    public Broker unwrap() {
        return broker;
    }

    @Override
    public String toString() {
        return broker.toString();
    }
}
