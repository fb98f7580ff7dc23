package io.hawser.blocking;

import io.hawser.Connection;
import io.hawser.Endpoint;
import io.hawser.Health;
import io.hawser.StreamClient;
import io.hawser.event.SocketEvent;
import io.hawser.reconnect.LinkOptions;
import io.hawser.reconnect.LinkState;
import io.hawser.reconnect.Reconnecting;
import io.hawser.reconnect.ReconnectingClient;
import io.hawser.reconnect.SendOutcome;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Flow.Publisher;
import java.util.function.Function;
import kotlin.Unit;
import kotlin.coroutines.Continuation;
import kotlin.jvm.functions.Function3;
import kotlinx.coroutines.CoroutineScope;
import kotlinx.coroutines.CoroutineScopeKt;
import kotlinx.coroutines.Dispatchers;
import kotlinx.coroutines.future.FutureKt;
import kotlinx.coroutines.jdk9.ReactiveFlowKt;

/**
 * A {@link ReconnectingClient} whose sessions return futures. It runs and ends as {@link BlockingLink} does. Its hooks, if it has any, are on
 * threads where they may wait. Any thread may use it.
 */
public final class AsyncLink implements AutoCloseable {
    private final ReconnectingClient link;

    /** Null leaves those of the options. */
    private final LinkHooks hooks;

    AsyncLink(List<StreamClient> clients, LinkOptions options, LinkHooks hooks) {
        this.hooks = hooks;
        link = Reconnecting.reconnecting(clients, HookedOptions.of(options, hooks));
    }

    /** Whom it connects to; the first one, if there are several. */
    public Endpoint getEndpoint() {
        return link.getEndpoint();
    }

    /** The options of the next attempt. */
    public LinkOptions getOptions() {
        return link.getOptions();
    }

    /** Where it is in its life. */
    public LinkState getState() {
        return link.getState().getValue();
    }

    /** How it is, as {@link io.hawser.reconnect.ReconnectingClient#health()} says. */
    public Health health() {
        return link.health();
    }

    /** Why it gave up, or null while it has not, and if it was told to stop. */
    public Throwable getCause() {
        return link.getCause();
    }

    /** Messages that wait for a connection. */
    public int getQueuedMessages() {
        return link.getQueuedMessages();
    }

    /** Messages given to {@link #send} that were not sent and will not be. */
    public long getDroppedMessages() {
        return link.getDroppedMessages();
    }

    /** Every change of its state, and what happens to its connections, as {@link BlockingLink#events()}. */
    public Publisher<SocketEvent> events() {
        return ReactiveFlowKt.asPublisher(link.getEvents());
    }

    /**
     * Connects, again and again until it is stopped, and calls {@code session} for each connection, in {@code Dispatchers.Default}: it must not
     * wait. The session is over when its future is complete, and when it returns null. A link that is stopped cancels the future. Returns at
     * once, with this.
     *
     * @throws IllegalStateException if it has been started or stopped before
     */
    public AsyncLink start(AsyncServer.Handler session) {
        link.start(CoroutineScopeKt.CoroutineScope(Dispatchers.getDefault()), asFuture(session));
        return this;
    }

    /**
     * As {@link #start}; complete when the link has been stopped and nothing of it is left, and failed with what it gave up for. Cancelling it
     * stops the link.
     */
    public CompletableFuture<Void> keep(AsyncServer.Handler session) {
        Function3<CoroutineScope, Connection, Continuation<? super Unit>, Object> asFuture = asFuture(session);
        return FutureCall.nothing(it -> link.keep(asFuture, it));
    }

    /** As {@link BlockingLink#awaitConnected(Duration)}. */
    public CompletableFuture<AsyncConnection> awaitConnected(Duration timeout) {
        return FutureCall.of(
                it -> link.<Connection>withConnection(timeout, (scope, connection, done) -> connection, it),
                AsyncConnection::new,
                connection -> {});
    }

    /** As {@link BlockingLink#withConnection(Duration, Use)}; {@code use} must not wait. Cancelling this cancels its future. */
    public <R> CompletableFuture<R> withConnection(
            Duration timeout, Function<? super AsyncConnection, ? extends CompletionStage<R>> use) {
        Objects.requireNonNull(use);
        return FutureCall.of(it -> link.<R>withConnection(
                timeout,
                (scope, connection, used) -> FutureKt.await(
                        Objects.requireNonNull(
                                use.apply(new AsyncConnection(connection)), "use has returned no future"),
                        used),
                it));
    }

    /** As {@link BlockingLink#send(byte[])}. */
    public CompletableFuture<SendOutcome> send(byte[] bytes) {
        return FutureCall.of(it -> link.send(bytes, it));
    }

    /** As {@link BlockingLink#reload(LinkOptions)}. */
    public void reload(LinkOptions options) {
        link.reload(HookedOptions.of(options, hooks));
    }

    /** As {@link BlockingLink#shutdown(Duration)}. Cancelling it leaves the link stopping. */
    public CompletableFuture<Void> shutdown(Duration grace) {
        return FutureCall.nothing(it -> link.shutdown(grace, it));
    }

    /** Closes the connection, cancels the session and connects no more. Returns at once; idempotent. */
    @Override
    public void close() {
        link.close();
    }

    /** Complete when it has stopped and nothing of it is left. */
    public CompletableFuture<Void> join() {
        return FutureCall.nothing(link::join);
    }

    /** The link that this one is of. */
    public ReconnectingClient unwrap() {
        return link;
    }

    @Override
    public String toString() {
        return link.toString();
    }

    private static Function3<CoroutineScope, Connection, Continuation<? super Unit>, Object> asFuture(
            AsyncServer.Handler session) {
        Objects.requireNonNull(session);
        return (scope, connection, ended) ->
                AsyncServer.await(() -> session.handle(new AsyncConnection(connection)), ended);
    }
}
