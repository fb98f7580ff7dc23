package io.hawser.blocking;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.hawser.BindFailed;
import io.hawser.ConnectFailed;
import io.hawser.ConnectionClosed;
import io.hawser.Health;
import io.hawser.HealthProblem;
import io.hawser.ServerOptions;
import io.hawser.ShutdownReport;
import io.hawser.event.ConnectionEvent;
import io.hawser.event.ServerEvent;
import io.hawser.event.ServerState;
import io.hawser.event.SocketEvent;
import io.hawser.testkit.Memory;
import io.hawser.testkit.junit.LeakCheckExtension;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.Executors;
import java.util.concurrent.Flow;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** Servers whose handlers wait. */
@Timeout(60)
@ExtendWith(LeakCheckExtension.class)
class BlockingServerTest {
    private static BlockingClient client(BlockingServer server) {
        return Blocking.client(Memory.client(server.unwrap()));
    }

    private static void echo(BlockingConnection connection) throws IOException {
        connection.getInputStream().transferTo(connection.getOutputStream());
    }

    @Test
    void eachHandlerWaitsOnAThreadOfItsOwn() throws Exception {
        try (BlockingServer server = Blocking.server(Memory.server()).start(BlockingServerTest::echo)) {
            List<BlockingConnection> all = new ArrayList<>();
            for (int i = 0; i < 50; i++) all.add(client(server).connect());
            for (BlockingConnection connection : all) connection.writeLine("line of " + connection.getId());
            for (BlockingConnection connection : all)
                assertEquals("line of " + connection.getId(), connection.readLine());
            assertEquals(50, server.getConnections().size());
            // A handler may answer before its connection is among those that the count tells of.
            while (server.getConnectionCount() != 50) Thread.onSpinWait();
            assertEquals(50, server.getTotals().getAccepted());
            assertTrue(server.getState() instanceof ServerState.Listening);
            for (BlockingConnection connection : all) connection.shutdownOutput();
            for (BlockingConnection connection : all) assertNull(connection.readLine());
            all.forEach(BlockingConnection::close);
        }
    }

    @Test
    void optionsCanBeReplacedWhileItRuns() throws Exception {
        try (BlockingServer server = Blocking.server(Memory.server()).start(BlockingServerTest::echo)) {
            ServerOptions full =
                    ServerOptions.builder().maxConnections(1).backlog(7).build();
            assertEquals(List.of("backlog"), server.reload(full));
            try (BlockingConnection one = client(server).connect();
                    BlockingConnection two = client(server).connect()) {
                one.writeLine("in");
                assertEquals("in", one.readLine());
                assertNull(two.readLine());
                assertEquals(new Health.Degraded(List.of(new HealthProblem.Full(1, 1))), server.health());
            }
            server.reload(ServerOptions.builder().build());
            assertEquals(new Health.Up(), server.health());
            assertTrue(client(server).health(Duration.ofSeconds(60)).isUsable());
        }
    }

    @Test
    void aShutdownLetsHandlersFinish() throws Exception {
        CountDownLatch mayEnd = new CountDownLatch(1);
        try (BlockingServer server = Blocking.server(Memory.server()).start(it -> {
            it.writeLine("begun");
            mayEnd.await();
            it.writeLine("draining " + it.isDraining());
        })) {
            BlockingConnection connection = client(server).connect();
            assertEquals("begun", connection.readLine());
            CompletableFuture<ShutdownReport> report = new CompletableFuture<>();
            try (Beside shutdown = Beside.run(() -> report.complete(server.shutdown(Duration.ofSeconds(50))))) {
                while (!server.isDraining()) Thread.onSpinWait();
                assertThrows(ConnectFailed.class, () -> client(server).connect());
                mayEnd.countDown();
                assertEquals("draining true", connection.readLine());
                assertNull(connection.readLine());
                connection.close();
            }
            assertEquals(new ShutdownReport(1, 0), report.get());
            server.awaitClosed();
            assertEquals(new ServerState.Closed(report.get()), server.getState());
        }
    }

    @Test
    void aCloseInterruptsHandlersWhateverTheyWaitFor() throws Exception {
        BlockingQueue<Throwable> ends = new LinkedBlockingQueue<>();
        CountDownLatch never = new CountDownLatch(1);
        try (BlockingServer server = Blocking.server(Memory.server()).start(it -> {
            it.writeLine("begun");
            try {
                if (it.readLine().equals("latch")) never.await();
                else it.readLine();
            } catch (Throwable e) {
                ends.add(e);
            }
        })) {
            try (BlockingConnection first = client(server).connect();
                    BlockingConnection second = client(server).connect()) {
                for (BlockingConnection connection : List.of(first, second))
                    assertEquals("begun", connection.readLine());
                first.writeLine("latch");
                second.writeLine("line");
                server.close();
                server.awaitClosed();
                for (int i = 0; i < 2; i++) {
                    Throwable end = ends.take();
                    assertTrue(end instanceof InterruptedException || end instanceof ConnectionClosed, end::toString);
                }
                assertEquals(0, server.getConnectionCount());
            }
        }
    }

    @Test
    void aShutdownOfNoGraceCutsWhoIsStuck() throws Exception {
        CountDownLatch never = new CountDownLatch(1);
        try (BlockingServer server = Blocking.server(Memory.server()).start(it -> {
            it.writeLine("begun");
            never.await();
        })) {
            try (BlockingConnection connection = client(server).connect()) {
                assertEquals("begun", connection.readLine());
                assertEquals(new ShutdownReport(0, 1), server.shutdown(Duration.ZERO));
            }
            assertThrows(IllegalArgumentException.class, () -> server.shutdown(Duration.ofSeconds(-1)));
        }
    }

    @Test
    void aHandlerThatFailsClosesItsConnectionAndIsAnEvent() throws Exception {
        BlockingQueue<SocketEvent> events = new LinkedBlockingQueue<>();
        ServerOptions options = ServerOptions.builder().onEvent(events::add).build();
        Exception failure = new Exception("checked");
        try (BlockingServer server = Blocking.server(Memory.server(options)).start(it -> {
            if (it.readLine().equals("fail")) throw failure;
            it.writeLine("well");
        })) {
            try (BlockingConnection bad = client(server).connect();
                    BlockingConnection good = client(server).connect()) {
                bad.writeLine("fail");
                assertNull(bad.readLine());
                SocketEvent event = events.take();
                while (!(event instanceof ConnectionEvent.Failed)) event = events.take();
                assertSame(failure, ((ConnectionEvent.Failed) event).getCause());
                good.writeLine("go on");
                assertEquals("well", good.readLine());
            }
        }
    }

    @Test
    void eventsAreForSubscribersToo() throws Exception {
        List<SocketEvent> seen = new ArrayList<>();
        CompletableFuture<List<SocketEvent>> all = new CompletableFuture<>();
        try (BlockingServer server = Blocking.server(Memory.server()).start(BlockingServerTest::echo)) {
            CountDownLatch subscribed = new CountDownLatch(1);
            server.events().subscribe(new Flow.Subscriber<>() {
                @Override
                public void onSubscribe(Flow.Subscription subscription) {
                    subscription.request(Long.MAX_VALUE);
                    subscribed.countDown();
                }

                @Override
                public void onNext(SocketEvent event) {
                    seen.add(event);
                }

                @Override
                public void onError(Throwable failure) {
                    all.completeExceptionally(failure);
                }

                @Override
                public void onComplete() {
                    all.complete(seen);
                }
            });
            subscribed.await();
            try (BlockingConnection connection = client(server).connect()) {
                connection.writeLine("line");
                assertEquals("line", connection.readLine());
            }
            server.shutdown(Duration.ofSeconds(30));
            List<SocketEvent> events = all.get();
            assertTrue(events.stream().anyMatch(it -> it instanceof ConnectionEvent.Read), events::toString);
            assertTrue(events.get(events.size() - 1) instanceof ServerEvent.Stopped, events::toString);
        }
    }

    @Test
    void handlersRunOnTheThreadsThatTheyAreGiven() throws Exception {
        CompletableFuture<String> name = new CompletableFuture<>();
        Executor threads = task -> new Thread(task, "mine").start();
        try (BlockingServer server = Blocking.server(Memory.server())
                .on(threads)
                .start(it -> {
                    it.writeLine("begun");
                    name.complete(Thread.currentThread().getName());
                })) {
            try (BlockingConnection connection = client(server).connect()) {
                assertEquals("begun", connection.readLine());
                assertTrue(name.get().startsWith("mine"), name.get());
            }
        }
    }

    @Test
    void whereNoThreadIsToBeHadTheConnectionIsClosed() throws Exception {
        Executor none = task -> {
            throw new RejectedExecutionException("no thread");
        };
        try (BlockingServer server = Blocking.server(Memory.server()).on(none).start(BlockingServerTest::echo)) {
            try (BlockingConnection connection = client(server).connect()) {
                assertNull(connection.readLine());
            }
            assertEquals(0, server.shutdown(Duration.ofSeconds(30)).getCut());
        }
    }

    @Test
    void oneNameIsForOneServer() throws Exception {
        try (BlockingServer server = Blocking.server(Memory.server()).start(BlockingServerTest::echo)) {
            assertThrows(
                    BindFailed.class,
                    () -> Blocking.server(Memory.server(server.getEndpoint())).start(BlockingServerTest::echo));
            assertThrows(IllegalStateException.class, server::getPort);
        }
        assertThrows(
                ConnectFailed.class,
                () -> Blocking.client(Memory.client("nobody")).connect());
    }

    @Test
    void fiveHundredThreadsAtOnce() throws Exception {
        try (BlockingServer server = Blocking.server(Memory.server()).start(BlockingServerTest::echo)) {
            var threads = Executors.newFixedThreadPool(500);
            try {
                List<java.util.concurrent.Future<?>> ends = new ArrayList<>();
                for (int i = 0; i < 500; i++) {
                    ends.add(threads.submit(() -> {
                        try (BlockingConnection connection = client(server).connect()) {
                            for (int line = 0; line < 20; line++) {
                                connection.writeLine("line " + line);
                                assertEquals("line " + line, connection.readLine());
                            }
                        }
                        return null;
                    }));
                }
                for (var end : ends) end.get();
            } finally {
                threads.shutdown();
            }
        }
    }
}
