package io.hawser.blocking;

import io.hawser.Connection;
import io.hawser.DatagramClient;
import io.hawser.DatagramServer;
import io.hawser.DatagramSocket;
import io.hawser.StreamClient;
import io.hawser.StreamServer;
import io.hawser.reconnect.LinkOptions;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Flow.Publisher;
import kotlinx.coroutines.flow.Flow;
import kotlinx.coroutines.jdk9.ReactiveFlowKt;

/**
 * Sockets with futures: {@code Async.client(Tcp.client("db", 5432)).connect()}. Any client and any server will do, over whatever transport,
 * with or without TLS. Any thread may use it, those of event loops too.
 *
 * <p>A call does in the calling thread what it can do without waiting; the rest goes on in {@code Dispatchers.Default}, and what depends on
 * its future there too, unless it says otherwise: it must not wait there.
 *
 * <p>Cancelling a future that a method here returned asks its call to end, and the future is complete when the call has: cancelled, or with
 * what came in spite of it, so that nothing is lost. Until then a read is still reading. {@code orTimeout} completes it at once and ends the
 * call as well, and may lose what comes at that very moment. What depends on a future does not cancel it.
 */
public final class Async {
    private Async() {}

    /** The connections of {@code client}, with futures. */
    public static AsyncClient client(StreamClient client) {
        return new AsyncClient(client);
    }

    /** The sockets of {@code client}, with futures. */
    public static AsyncDatagramClient client(DatagramClient client) {
        return new AsyncDatagramClient(client);
    }

    /** What starts {@code server} with a handler that returns a future. */
    public static AsyncServer.Starter server(StreamServer server) {
        return new AsyncServer.Starter(server);
    }

    /** What starts {@code server} with a handler that returns a future. */
    public static AsyncServer.DatagramStarter server(DatagramServer server) {
        return new AsyncServer.DatagramStarter(server);
    }

    /** A client that stays connected as {@code client} connects. It holds nothing until it is started. */
    public static AsyncLink link(StreamClient client) {
        return link(client, LinkOptions.builder().build());
    }

    /** As the other, in the way that {@code options} say. */
    public static AsyncLink link(StreamClient client, LinkOptions options) {
        return link(List.of(client), options);
    }

    /** As the others, with {@code hooks} in place of those of {@code options}. */
    public static AsyncLink link(StreamClient client, LinkOptions options, LinkHooks hooks) {
        return link(List.of(client), options, hooks);
    }

    /**
     * A client that stays connected to one of these, in turn, as {@link Blocking#link(List)}.
     *
     * @throws IllegalArgumentException if there is none
     */
    public static AsyncLink link(List<StreamClient> clients, LinkOptions options) {
        return new AsyncLink(clients, Objects.requireNonNull(options), null);
    }

    /** As the others, with {@code hooks} in place of those of {@code options}. */
    public static AsyncLink link(List<StreamClient> clients, LinkOptions options, LinkHooks hooks) {
        return new AsyncLink(clients, Objects.requireNonNull(options), Objects.requireNonNull(hooks));
    }

    /** {@code connection} with futures; both can be used side by side. */
    public static AsyncConnection connection(Connection connection) {
        return new AsyncConnection(connection);
    }

    /** {@code socket} with futures; both can be used side by side. */
    public static AsyncDatagramSocket socket(DatagramSocket socket) {
        return new AsyncDatagramSocket(socket);
    }

    /** Calls any suspending function: {@code Async.call(it -> Tls.startTls(connection, tls, it))}. */
    public static <T> CompletableFuture<T> call(Suspending<T> suspending) {
        return FutureCall.of(suspending);
    }

    /** Any flow, of events for instance, to any number of subscribers, each of which collects it. */
    public static <T> Publisher<T> publisher(Flow<T> flow) {
        return ReactiveFlowKt.asPublisher(flow);
    }
}
