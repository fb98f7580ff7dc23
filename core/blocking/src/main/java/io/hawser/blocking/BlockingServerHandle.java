package io.hawser.blocking;

import io.hawser.Endpoint;
import io.hawser.Health;
import io.hawser.ServerHandle;
import io.hawser.ShutdownReport;
import io.hawser.event.ServerState;
import io.hawser.event.SocketEvent;
import java.io.IOException;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.concurrent.Flow.Publisher;
import kotlinx.coroutines.jdk9.ReactiveFlowKt;

/**
 * A server that listens, or did, whatever it serves. {@link #close()} cuts everything at once, {@link #shutdown(Duration)} lets the handlers
 * finish first. Any thread may use it.
 */
public abstract sealed class BlockingServerHandle implements AutoCloseable
        permits BlockingServer, BlockingDatagramServer {
    private final ServerHandle server;

    BlockingServerHandle(ServerHandle server) {
        this.server = server;
    }

    /** Where it listens, with the real port. */
    public SocketAddress getAddress() {
        return server.getAddress();
    }

    /** {@link #getAddress()} in its canonical form. */
    public Endpoint getEndpoint() {
        return server.getEndpoint();
    }

    /**
     * The port of {@link #getAddress()}.
     *
     * @throws IllegalStateException if its transport has no ports
     */
    public int getPort() {
        return server.getPort();
    }

    /** Where it is in its life. */
    public ServerState getState() {
        return server.getState().getValue();
    }

    /** How it is, as {@link ServerHandle#health()} says. */
    public Health health() {
        return server.health();
    }

    /** Whether it shuts down. */
    public boolean isDraining() {
        return server.getDraining().getValue();
    }

    /** How many sockets it serves that are not closed yet. */
    public int getConnectionCount() {
        return server.getConnectionCount().getValue();
    }

    /** What happens to it and to whom it serves, to any number of subscribers, as {@link ServerHandle#getEvents()} says. */
    public Publisher<SocketEvent> events() {
        return ReactiveFlowKt.asPublisher(server.getEvents());
    }

    /** Takes nobody new; what it has goes on, and when the last of it has ended, the server has. Returns at once; idempotent. */
    public void stopAccepting() {
        server.stopAccepting();
    }

    /** Cuts everybody and ends the server. Returns at once; idempotent. {@link #awaitClosed()} waits for the end. */
    @Override
    public void close() {
        server.close();
    }

    /**
     * Stops accepting, waits up to {@code grace} until every handler has ended by itself, then cuts what is left, and returns when nothing of
     * the server runs and its address is free: a handler that overhears its interrupt is waited for beyond the grace. An interrupt leaves the
     * server draining. A handler that calls it waits for itself, and is cut with the rest.
     *
     * @throws IllegalArgumentException if {@code grace} is negative
     */
    public ShutdownReport shutdown(Duration grace) throws IOException, InterruptedException {
        return Call.await(it -> server.shutdown(grace, it));
    }

    /** Waits until nothing of the server runs and its address is free. */
    public void awaitClosed() throws IOException, InterruptedException {
        Call.await(server::awaitClosed);
    }

    @Override
    public String toString() {
        return server.toString();
    }
}
