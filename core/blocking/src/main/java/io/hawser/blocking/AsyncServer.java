package io.hawser.blocking;

import io.hawser.Datagram;
import io.hawser.DatagramServer;
import io.hawser.DatagramServerOptions;
import io.hawser.Endpoint;
import io.hawser.Health;
import io.hawser.RunningDatagramServer;
import io.hawser.RunningServer;
import io.hawser.ServerHandle;
import io.hawser.ServerOptions;
import io.hawser.ShutdownReport;
import io.hawser.StreamServer;
import io.hawser.event.ServerState;
import io.hawser.event.SocketEvent;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Flow.Publisher;
import kotlin.Unit;
import kotlin.coroutines.Continuation;
import kotlinx.coroutines.CoroutineScopeKt;
import kotlinx.coroutines.Dispatchers;
import kotlinx.coroutines.future.FutureKt;
import kotlinx.coroutines.jdk9.ReactiveFlowKt;

/**
 * A server that listens, or did, whose handlers return futures. {@link #close()} cuts everything at once, {@link #shutdown(Duration)} lets
 * the handlers finish first. Any thread may use it.
 */
public final class AsyncServer implements AutoCloseable {
    private final ServerHandle server;

    private AsyncServer(ServerHandle server) {
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

    /** How it is, as {@link io.hawser.ServerHandle#health()} says. */
    public Health health() {
        return server.health();
    }

    /**
     * As {@link RunningServer#reload}.
     *
     * @throws IllegalStateException if it is a server of datagrams
     */
    public List<String> reload(ServerOptions options) {
        if (server instanceof RunningServer running) return running.reload(options);
        throw new IllegalStateException(server + " is a server of datagrams: it has no " + options);
    }

    /**
     * As {@link RunningDatagramServer#reload}.
     *
     * @throws IllegalStateException if it is a server of connections
     */
    public List<String> reload(DatagramServerOptions options) {
        if (server instanceof RunningDatagramServer running) return running.reload(options);
        throw new IllegalStateException(server + " is a server of connections: it has no " + options);
    }

    /** How many sockets it serves that are not closed yet. */
    public int getConnectionCount() {
        return server.getConnectionCount().getValue();
    }

    /** What happens to it and to whom it serves, to any number of subscribers. */
    public Publisher<SocketEvent> events() {
        return ReactiveFlowKt.asPublisher(server.getEvents());
    }

    /** Whether it shuts down. */
    public boolean isDraining() {
        return server.getDraining().getValue();
    }

    /** Takes nobody new; what it has goes on, and when the last of it has ended, the server has. Returns at once; idempotent. */
    public void stopAccepting() {
        server.stopAccepting();
    }

    /** Cuts everybody and ends the server. Returns at once; idempotent. */
    @Override
    public void close() {
        server.close();
    }

    /** As {@link BlockingServer#shutdown(Duration)}. Cancelling it leaves the server draining. */
    public CompletableFuture<ShutdownReport> shutdown(Duration grace) {
        return FutureCall.of(it -> server.shutdown(grace, it));
    }

    /** Complete when nothing of the server runs and its address is free. */
    public CompletableFuture<Void> awaitClosed() {
        return FutureCall.nothing(server::awaitClosed);
    }

    /** The server that this one is of. */
    public ServerHandle unwrap() {
        return server;
    }

    @Override
    public String toString() {
        return server.toString();
    }

    /** What a server does with each connection. */
    @FunctionalInterface
    public interface Handler {
        /**
         * Called once for each connection, on its event loop: it must not wait. The connection is closed when the future is complete, and
         * when this returns null. What it throws, and what the future fails with, closes the connection and becomes an event. A server that
         * cuts it closes the connection and cancels the future.
         */
        CompletionStage<?> handle(AsyncConnection connection) throws Exception;
    }

    /** What a server does with each datagram. */
    @FunctionalInterface
    public interface DatagramHandler {
        /**
         * Called once for each datagram, on an event loop: it must not wait. The datagram is handled when the future is complete, and when
         * this returns null. What it throws, and what the future fails with, becomes an event.
         *
         * @param reply answers this very datagram, until it is handled
         */
        CompletionStage<?> handle(Datagram datagram, Reply reply) throws Exception;
    }

    /** Answers one datagram. */
    @FunctionalInterface
    public interface Reply {
        /** As {@link BlockingDatagramHandler.Reply#send(byte[])}. */
        CompletableFuture<Boolean> send(byte[] bytes);
    }

    /** A server of connections that does not run yet. Immutable. */
    public static final class Starter {
        private final StreamServer server;

        Starter(StreamServer server) {
            this.server = server;
        }

        /** Listens; complete as soon as clients can connect. {@code handler} is called for each. Cancelling it leaves nothing behind. */
        public CompletableFuture<AsyncServer> start(Handler handler) {
            Objects.requireNonNull(handler);
            return FutureCall.of(
                    started -> server.start(
                            CoroutineScopeKt.CoroutineScope(Dispatchers.getDefault()),
                            (scope, connection, handled) ->
                                    await(() -> handler.handle(new AsyncConnection(connection)), handled),
                            started),
                    AsyncServer::new,
                    ServerHandle::close);
        }

        @Override
        public String toString() {
            return server.toString();
        }
    }

    /** A server of datagrams that does not run yet. Immutable. */
    public static final class DatagramStarter {
        private final DatagramServer server;

        DatagramStarter(DatagramServer server) {
            this.server = server;
        }

        /** Listens; complete as soon as it receives. {@code handler} is called for each datagram. Cancelling it leaves nothing behind. */
        public CompletableFuture<AsyncServer> start(DatagramHandler handler) {
            Objects.requireNonNull(handler);
            return FutureCall.of(
                    started -> server.start(
                            CoroutineScopeKt.CoroutineScope(Dispatchers.getDefault()),
                            (exchange, datagram, handled) -> {
                                Reply reply = bytes -> FutureCall.of(it -> exchange.reply(bytes, it));
                                return await(() -> handler.handle(datagram, reply), handled);
                            },
                            started),
                    AsyncServer::new,
                    ServerHandle::close);
        }

        @Override
        public String toString() {
            return server.toString();
        }
    }

    /** What is left of a handler once it knows what it is for. */
    @FunctionalInterface
    interface Handling {
        CompletionStage<?> handle() throws Exception;
    }

    /** The handler's future is cancelled with the coroutine. */
    @SuppressWarnings("unchecked")
    static Object await(Handling handler, Continuation<? super Unit> handled) {
        CompletionStage<?> stage;
        try {
            stage = handler.handle();
        } catch (Exception e) {
            throw Call.<RuntimeException>unchecked(e);
        }
        // Nobody looks at what it is complete with.
        return stage == null ? Unit.INSTANCE : FutureKt.await(stage, (Continuation<Object>) handled);
    }
}
