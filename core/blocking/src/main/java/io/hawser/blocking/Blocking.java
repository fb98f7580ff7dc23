package io.hawser.blocking;

import io.hawser.Connection;
import io.hawser.Connections;
import io.hawser.DatagramClient;
import io.hawser.DatagramServer;
import io.hawser.DatagramSocket;
import io.hawser.StreamClient;
import io.hawser.StreamServer;
import io.hawser.reconnect.LinkOptions;
import io.hawser.reconnect.PoolOptions;
import java.io.IOException;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import kotlin.coroutines.Continuation;

/**
 * Sockets for threads that wait: {@code Blocking.client(Tcp.client("db", 5432)).connect()}. Any client and any server will do, over
 * whatever transport, with or without TLS.
 *
 * <p>A call that need not wait does its work in the calling thread and returns. One that waits parks the thread, platform or virtual, which
 * costs the event loops nothing. On a thread of an event loop every such call fails at once with {@link IllegalStateException}: it would
 * stop all connections of the loop, its own among them.
 *
 * <p>An interrupt ends a call that waits at once, or fails one that begins, even if it need not wait, with {@link InterruptedException}. What becomes of the connection is what becomes of it
 * when the suspending call is cancelled: an interrupted read loses no byte, and the next one goes on where it was; an interrupted write that
 * had sent nothing has sent nothing, and one that had begun aborts the connection, because half a message would corrupt the stream. Unix
 * datagram sockets and streams over abstract names are an exception, because their system calls are another library's: an interrupt that
 * meets one in the middle closes the socket.
 */
public final class Blocking {
    private Blocking() {}

    /** The connections of {@code client}, for threads that wait. */
    public static BlockingClient client(StreamClient client) {
        return new BlockingClient(Objects.requireNonNull(client));
    }

    /** The sockets of {@code client}, for threads that wait. */
    public static BlockingDatagramClient client(DatagramClient client) {
        return new BlockingDatagramClient(Objects.requireNonNull(client));
    }

    /** What starts {@code server} with a handler that may wait. */
    public static BlockingServer.Starter server(StreamServer server) {
        return new BlockingServer.Starter(Objects.requireNonNull(server), HandlerThreads.standard());
    }

    /** What starts {@code server} with a handler that may wait. */
    public static BlockingDatagramServer.Starter server(DatagramServer server) {
        return new BlockingDatagramServer.Starter(Objects.requireNonNull(server), HandlerThreads.standard());
    }

    /** A client that stays connected as {@code client} connects. It holds nothing until it is started. */
    public static BlockingLink link(StreamClient client) {
        return link(client, LinkOptions.builder().build());
    }

    /** As the other, in the way that {@code options} say. */
    public static BlockingLink link(StreamClient client, LinkOptions options) {
        return link(List.of(client), options);
    }

    /** As the others, with {@code hooks} in place of those of {@code options}. */
    public static BlockingLink link(StreamClient client, LinkOptions options, LinkHooks hooks) {
        return link(List.of(client), options, hooks);
    }

    /**
     * A client that stays connected to one of these: each attempt is made with the next of them, in turn, beginning with the first.
     *
     * @throws IllegalArgumentException if there is none
     */
    public static BlockingLink link(List<StreamClient> clients) {
        return link(clients, LinkOptions.builder().build());
    }

    /** As the other, in the way that {@code options} say. */
    public static BlockingLink link(List<StreamClient> clients, LinkOptions options) {
        return new BlockingLink(clients, Objects.requireNonNull(options), null);
    }

    /** As the others, with {@code hooks} in place of those of {@code options}. */
    public static BlockingLink link(List<StreamClient> clients, LinkOptions options, LinkHooks hooks) {
        return new BlockingLink(clients, Objects.requireNonNull(options), Objects.requireNonNull(hooks));
    }

    /** Connections of {@code client} that threads use in turn, once it is started. */
    public static BlockingPool pool(StreamClient client) {
        return pool(client, PoolOptions.builder().build());
    }

    /** Connections of {@code client} that threads use in turn, as {@code options} say, once it is started. */
    public static BlockingPool pool(StreamClient client, PoolOptions options) {
        return new BlockingPool(Objects.requireNonNull(client), Objects.requireNonNull(options));
    }

    /** {@code connection} for threads that wait; both can be used side by side. */
    public static BlockingConnection connection(Connection connection) {
        return new BlockingConnection(Objects.requireNonNull(connection));
    }

    /** {@code socket} for threads that wait; both can be used side by side. */
    public static BlockingDatagramSocket socket(DatagramSocket socket) {
        return new BlockingDatagramSocket(Objects.requireNonNull(socket));
    }

    /**
     * Copies both ways between {@code first} and {@code second} until both have ended, and passes each end on. Neither is closed; if one
     * direction fails, both are aborted.
     */
    public static void relay(BlockingConnection first, BlockingConnection second)
            throws IOException, InterruptedException {
        Call.await(it -> Connections.relay(first.unwrap(), second.unwrap(), it));
    }

    /**
     * Calls any suspending function and waits for it: {@code Blocking.await(it -> Tls.startTls(connection, tls, it))}.
     *
     * @throws IOException as the function does
     * @throws InterruptedException if the thread is interrupted: the call has been cancelled and has ended
     * @throws IllegalStateException on a thread of an event loop
     */
    public static <T> T await(Suspending<T> suspending) throws IOException, InterruptedException {
        return Call.await(suspending);
    }

    /**
     * The other way round, for whoever is called by suspending functions: runs {@code handler} on a thread where it may wait, as handlers of
     * servers are, and returns what it returns. Cancelling the caller interrupts the thread, and waits for it.
     */
    public static <R> Object onThread(Callable<? extends R> handler, Continuation<? super R> handled) {
        return HandlerThreads.run(HandlerThreads.context(), handler, handled);
    }
}
