package io.hawser.blocking;

import io.hawser.Connection;
import io.hawser.Endpoint;
import io.hawser.Health;
import io.hawser.StreamClient;
import io.hawser.event.SocketEvent;
import io.hawser.reconnect.LinkOptions;
import io.hawser.reconnect.LinkState;
import io.hawser.reconnect.LinkStopped;
import io.hawser.reconnect.Reconnecting;
import io.hawser.reconnect.ReconnectingClient;
import io.hawser.reconnect.SendOutcome;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Flow.Publisher;
import kotlin.Unit;
import kotlin.coroutines.Continuation;
import kotlin.jvm.functions.Function3;
import kotlinx.coroutines.CoroutineScope;
import kotlinx.coroutines.CoroutineScopeKt;
import kotlinx.coroutines.Dispatchers;
import kotlinx.coroutines.jdk9.ReactiveFlowKt;

/**
 * A {@link ReconnectingClient} whose sessions and hooks run on threads where they may wait. It runs once: from {@link #start} until it is
 * stopped, or for as long as {@link #keep} is called. It ends by {@link #close()} or {@link #shutdown(Duration)}, by a
 * {@link io.hawser.reconnect.DoNotReconnect}, or when its backoff or a hook gives up; {@link #getCause()} tells why. Any thread may use it.
 *
 * <p>A session is on a thread of its own, as handlers of servers are. When it returns its connection is closed, when it throws too, and
 * either way the next one is made. A link that is closed closes the connection and interrupts the thread.
 */
public final class BlockingLink implements AutoCloseable {
    private final ReconnectingClient link;

    /** Null leaves those of the options. */
    private final LinkHooks hooks;

    BlockingLink(List<StreamClient> clients, LinkOptions options, LinkHooks hooks) {
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

    /**
     * Every change of its state, and what happens to its connections, in order, to any number of subscribers, as
     * {@link ReconnectingClient#getEvents()} says. Listeners of its clients are told too.
     */
    public Publisher<SocketEvent> events() {
        return ReactiveFlowKt.asPublisher(link.getEvents());
    }

    /**
     * Connects, again and again until it is stopped, and has {@code session} run with each connection. Returns at once, with this.
     *
     * @throws IllegalStateException if it has been started or stopped before
     */
    public BlockingLink start(BlockingHandler session) {
        link.start(CoroutineScopeKt.CoroutineScope(Dispatchers.getDefault()), onThreads(session));
        return this;
    }

    /**
     * As {@link #start}, and returns when the link has been stopped: then nothing of it is left. An interrupt stops it.
     *
     * @throws IOException what it gave up for, in a {@link LinkStopped} if that is none itself
     */
    public void keep(BlockingHandler session) throws IOException, InterruptedException {
        Function3<CoroutineScope, Connection, Continuation<? super Unit>, Object> onThreads = onThreads(session);
        try {
            Call.await(it -> link.keep(onThreads, it));
        } catch (Throwable e) {
            if (e == link.getCause() && !(e instanceof IOException)) throw new LinkStopped(getEndpoint(), e);
            throw e;
        }
    }

    /**
     * Waits up to {@code timeout} until it is connected, and returns the connection, which is the session's: whoever reads from it competes
     * with that. An interrupt of the wait changes nothing.
     *
     * @throws io.hawser.ConnectTimeout if it is not connected by then; what the last attempt failed with is suppressed in it
     * @throws LinkStopped once it has stopped
     */
    public BlockingConnection awaitConnected(Duration timeout) throws IOException, InterruptedException {
        return new BlockingConnection(
                Call.await(it -> link.withConnection(timeout, (scope, connection, done) -> connection, it)));
    }

    /**
     * Waits up to {@code timeout} for a connection, has {@code use} use it in this thread, beside the session, and returns what that
     * returns. If the connection ends meanwhile, the calls of {@code use} fail.
     *
     * @throws io.hawser.ConnectTimeout if it is not connected by then; what the last attempt failed with is suppressed in it
     * @throws LinkStopped once it has stopped
     */
    public <R> R withConnection(Duration timeout, Use<? extends R> use) throws IOException, InterruptedException {
        Objects.requireNonNull(use);
        return use.of(awaitConnected(timeout));
    }

    /**
     * Sends {@code bytes} as one write, behind everything sent before: at once if it is connected, and then it returns when the transport has
     * taken them; if it is not, they are queued as the options' {@code outbox} allows. Nothing is ever sent twice.
     *
     * @throws LinkStopped once it has stopped
     * @throws InterruptedException if the thread is interrupted: while the message waits, it is not sent; later it may be
     */
    public SendOutcome send(byte[] bytes) throws IOException, InterruptedException {
        return Call.await(it -> link.send(bytes, it));
    }

    /** Has the next attempt, and what follows it, be as {@code options} say; hooks that this was made with stay. */
    public void reload(LinkOptions options) {
        link.reload(HookedOptions.of(options, hooks));
    }

    /**
     * Connects no more, tells the session by {@link BlockingConnection#isDraining()}, waits up to {@code grace} until it has ended by itself
     * and what waits to be sent has left, then cuts it. Returns when nothing of the link is left: a session that overhears its interrupt is
     * waited for beyond the grace. An interrupt leaves the link stopping. A session that calls it waits for itself, and is cut.
     *
     * @throws IllegalArgumentException if {@code grace} is negative
     */
    public void shutdown(Duration grace) throws IOException, InterruptedException {
        Call.await(it -> link.shutdown(grace, it));
    }

    /** Closes the connection, interrupts the session and connects no more. Returns at once; idempotent. {@link #join()} waits for the end. */
    @Override
    public void close() {
        link.close();
    }

    /** Waits until it has stopped and nothing of it is left. */
    public void join() throws IOException, InterruptedException {
        Call.await(link::join);
    }

    /** The link that this one is of. */
    public ReconnectingClient unwrap() {
        return link;
    }

    @Override
    public String toString() {
        return link.toString();
    }

    private static Function3<CoroutineScope, Connection, Continuation<? super Unit>, Object> onThreads(
            BlockingHandler session) {
        Objects.requireNonNull(session);
        return (scope, connection, ended) -> HandlerThreads.run(
                HandlerThreads.context(),
                () -> {
                    session.handle(new BlockingConnection(connection));
                    return Unit.INSTANCE;
                },
                ended);
    }
}
