package io.hawser.blocking;

import io.hawser.Endpoint;
import io.hawser.Health;
import io.hawser.StreamClient;
import io.hawser.reconnect.Pool;
import io.hawser.reconnect.PoolOptions;
import io.hawser.reconnect.Pooling;
import java.io.IOException;
import java.time.Duration;
import java.util.Objects;
import kotlinx.coroutines.CoroutineScopeKt;
import kotlinx.coroutines.Dispatchers;

/**
 * A {@link Pool} for threads that wait: connections to one endpoint that they use in turn. It runs once, from {@link #start()} until it is
 * closed. Any thread may use it.
 */
public final class BlockingPool implements AutoCloseable {
    private final Pool pool;

    BlockingPool(StreamClient client, PoolOptions options) {
        pool = Pooling.pooled(client, options);
    }

    /**
     * Lends connections from now on, and makes those that {@link PoolOptions#getMinIdle()} asks for. Returns at once, with this.
     *
     * @throws IllegalStateException if it has been started or closed before
     */
    public BlockingPool start() {
        pool.start(CoroutineScopeKt.CoroutineScope(Dispatchers.getDefault()));
        return this;
    }

    /** As the other, with {@link PoolOptions#getBorrowTimeout()}. */
    public <R> R withConnection(Use<? extends R> use) throws IOException, InterruptedException {
        return withConnection(pool.getOptions().getBorrowTimeout(), use);
    }

    /**
     * Borrows a connection, which takes up to {@code timeout}, or as long as it takes if that is null, has {@code use} use it in this thread,
     * takes it back, and returns what that returned. A connection that {@code use} failed with, or left something unread on, is closed. If
     * the pool is closed meanwhile, the calls of {@code use} fail with {@link io.hawser.ConnectionClosed}.
     *
     * @throws io.hawser.reconnect.PoolTimeout if there is none within {@code timeout}
     * @throws io.hawser.reconnect.PoolClosed if the pool is, or becomes, closed
     * @throws io.hawser.ConnectFailed and what else connecting throws, if one was to be made and that failed
     * @throws InterruptedException if the thread is interrupted: while it waits, or in {@code use}, which costs the connection
     * @throws IllegalStateException if the pool has not been started, or on a thread of an event loop
     */
    public <R> R withConnection(Duration timeout, Use<? extends R> use) throws IOException, InterruptedException {
        Objects.requireNonNull(use);
        Duration limit = timeout == null ? Duration.ofSeconds(Long.MAX_VALUE) : timeout;
        return Call.await(it -> pool.<R>withConnection(
                limit,
                (scope, connection, used) -> {
                    try {
                        return use.of(new BlockingConnection(connection));
                    } catch (Exception e) {
                        throw Call.<RuntimeException>unchecked(e);
                    }
                },
                it));
    }

    /** How it is, as {@link io.hawser.reconnect.Pool#health()} says. */
    public Health health() {
        return pool.health();
    }

    /** Connections, whatever they are doing: idle, borrowed, being made or being closed. */
    public int getSize() {
        return pool.getSize();
    }

    /** Connections that wait to be borrowed. */
    public int getIdle() {
        return pool.getIdle();
    }

    /** Connections that somebody has, or makes in order to have it. */
    public int getBorrowed() {
        return pool.getBorrowed();
    }

    /** Who waits for a connection while others have all of them. */
    public int getWaiting() {
        return pool.getWaiting();
    }

    /** Whom it connects to. */
    public Endpoint getEndpoint() {
        return pool.getEndpoint();
    }

    /**
     * Lends no more, tells the borrowers by {@link BlockingConnection#isDraining()}, waits up to {@code grace} until all have given back what
     * they have, then cuts what is left. Returns when no connection of the pool is left. An interrupt leaves the pool stopping.
     *
     * @throws IllegalArgumentException if {@code grace} is negative
     */
    public void shutdown(Duration grace) throws IOException, InterruptedException {
        Call.await(it -> pool.shutdown(grace, it));
    }

    /** Closes every connection, the borrowed ones too, and lends no more. Returns at once; idempotent. */
    @Override
    public void close() {
        pool.close();
    }

    /** Waits until it has been closed and no connection of it is left. */
    public void awaitClosed() throws IOException, InterruptedException {
        Call.await(pool::awaitClosed);
    }

    /** The pool that this one is of. */
    public Pool unwrap() {
        return pool;
    }

    @Override
    public String toString() {
        return pool.toString();
    }
}
