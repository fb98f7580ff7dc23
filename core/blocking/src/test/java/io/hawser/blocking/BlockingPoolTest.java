package io.hawser.blocking;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.hawser.ConnectFailed;
import io.hawser.ConnectionClosed;
import io.hawser.reconnect.PoolClosed;
import io.hawser.reconnect.PoolOptions;
import io.hawser.reconnect.PoolTimeout;
import io.hawser.tcp.Tcp;
import io.hawser.testkit.junit.LeakCheckExtension;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** Pools whose borrowers wait. */
@Timeout(60)
@ExtendWith(LeakCheckExtension.class)
class BlockingPoolTest {
    private BlockingServer server;

    @BeforeEach
    void listen() throws Exception {
        server = Blocking.server(Tcp.server("127.0.0.1", 0)).start(connection -> connection.copyTo(connection));
    }

    @AfterEach
    void stop() throws Exception {
        server.close();
        server.awaitClosed();
    }

    private BlockingPool pool(int maxConnections) {
        PoolOptions options = PoolOptions.builder()
                .maxConnections(maxConnections)
                .borrowTimeout(Duration.ofSeconds(30))
                .build();
        return Blocking.pool(Tcp.client("127.0.0.1", server.getPort()), options).start();
    }

    private static String echo(BlockingConnection connection, String line) throws IOException, InterruptedException {
        connection.writeLine(line);
        return connection.readLine();
    }

    @Test
    void oneConnectionServesOneAfterTheOther() throws Exception {
        try (BlockingPool pool = pool(2)) {
            Set<Long> ids = ConcurrentHashMap.newKeySet();
            Thread here = Thread.currentThread();
            for (int i = 0; i < 5; i++) {
                String line = "line " + i;
                String answer = pool.withConnection(connection -> {
                    assertEquals(here, Thread.currentThread());
                    ids.add(connection.getId());
                    return echo(connection, line);
                });
                assertEquals(line, answer);
            }
            assertEquals(1, ids.size());
            assertEquals(1, pool.getSize());
            assertEquals(1, pool.getIdle());
            assertEquals("pool of connections to " + pool.getEndpoint(), pool.toString());
        }
    }

    @Test
    void manyThreadsShareAFew() throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(20);
        try (BlockingPool pool = pool(3)) {
            List<Future<String>> answers = new ArrayList<>();
            for (int i = 0; i < 200; i++) {
                String line = "line " + i;
                answers.add(threads.submit(() -> pool.withConnection(connection -> {
                    assertTrue(pool.getSize() <= 3);
                    return echo(connection, line);
                })));
            }
            for (int i = 0; i < 200; i++)
                assertEquals("line " + i, answers.get(i).get());
            assertTrue(pool.getSize() <= 3);
        } finally {
            threads.shutdown();
        }
    }

    @Test
    void whoFailsCostsTheConnectionAndIsToldWhatHeThrew() throws Exception {
        try (BlockingPool pool = pool(1)) {
            long first = pool.withConnection(BlockingConnection::getId);
            IOException failure = assertThrows(
                    IOException.class,
                    () -> pool.withConnection(connection -> {
                        throw new IOException("mine");
                    }));
            assertEquals("mine", failure.getMessage());
            assertFalse(pool.withConnection(BlockingConnection::getId) == first);
        }
    }

    @Test
    void whoComesTooLateIsTold() throws Exception {
        try (BlockingPool pool = pool(1)) {
            pool.withConnection(connection -> {
                PoolTimeout late = assertThrows(
                        PoolTimeout.class, () -> pool.withConnection(Duration.ofMillis(10), BlockingConnection::getId));
                assertTrue(late.getMessage().contains(pool.getEndpoint().toString()), late.getMessage());
                return null;
            });
            assertThrows(
                    IllegalArgumentException.class,
                    () -> pool.withConnection(Duration.ZERO, BlockingConnection::getId));
        }
    }

    @Test
    void anInterruptEndsAWaitAndAUse() throws Exception {
        try (BlockingPool pool = pool(1)) {
            CountDownLatch borrowed = new CountDownLatch(1);
            CompletableFuture<Throwable> using = new CompletableFuture<>();
            Thread user = new Thread(() -> using.complete(assertThrows(
                    InterruptedException.class,
                    () -> pool.withConnection(connection -> {
                        borrowed.countDown();
                        return connection.readLine();
                    }))));
            user.start();
            borrowed.await();
            CompletableFuture<Throwable> waiting = new CompletableFuture<>();
            Thread waiter = new Thread(() -> waiting.complete(assertThrows(
                    InterruptedException.class, () -> pool.withConnection(null, BlockingConnection::getId))));
            waiter.start();
            while (pool.getWaiting() == 0) Thread.onSpinWait();
            waiter.interrupt();
            waiting.get();
            user.interrupt();
            using.get();
            assertEquals("after", pool.withConnection(connection -> echo(connection, "after")));
        }
    }

    @Test
    void aClosedPoolLendsNothingAndCutsWhatItHasLent() throws Exception {
        BlockingPool pool = pool(1);
        pool.withConnection(connection -> {
            pool.close();
            assertThrows(ConnectionClosed.class, connection::readLine);
            return null;
        });
        pool.awaitClosed();
        assertThrows(PoolClosed.class, () -> pool.withConnection(BlockingConnection::getId));
        assertThrows(IllegalStateException.class, pool::start);
        assertEquals(0, pool.getSize());
    }

    @Test
    void aShutdownWaitsForBorrowers() throws Exception {
        BlockingPool pool = pool(2);
        CountDownLatch borrowed = new CountDownLatch(1);
        CompletableFuture<String> answer = new CompletableFuture<>();
        Thread user = new Thread(() -> {
            try {
                answer.complete(pool.withConnection(connection -> {
                    borrowed.countDown();
                    while (!connection.isDraining()) Thread.onSpinWait();
                    return echo(connection, "last");
                }));
            } catch (Exception e) {
                answer.completeExceptionally(e);
            }
        });
        user.start();
        borrowed.await();
        pool.shutdown(Duration.ofSeconds(30));
        assertEquals("last", answer.get());
        assertEquals(0, pool.getBorrowed());
        user.join();
    }

    @Test
    void nobodyListens() throws Exception {
        try (LinkPeer nobody = new LinkPeer();
                BlockingPool pool = Blocking.pool(nobody.client()).start()) {
            assertEquals(
                    ConnectFailed.Reason.Refused,
                    assertThrows(ConnectFailed.class, () -> pool.withConnection(BlockingConnection::getId))
                            .getReason());
        }
    }
}
