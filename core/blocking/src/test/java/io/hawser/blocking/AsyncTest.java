package io.hawser.blocking;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.hawser.ConnectFailed;
import io.hawser.Correlator;
import io.hawser.DatagramServerOptions;
import io.hawser.RunningDatagramServer;
import io.hawser.RunningServer;
import io.hawser.ServerOptions;
import io.hawser.ShutdownReport;
import io.hawser.engine.EventLoop;
import io.hawser.event.ConnectionEvent;
import io.hawser.event.SocketEvent;
import io.hawser.framing.LengthPrefix;
import io.hawser.testkit.Memory;
import io.hawser.testkit.MemoryDatagram;
import io.hawser.testkit.junit.LeakCheckExtension;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** Sockets with futures. */
@Timeout(60)
@ExtendWith(LeakCheckExtension.class)
class AsyncTest {
    /** The JDK's thread for timeouts comes with the first one, and stays. */
    @BeforeAll
    static void startTheTimer() {
        new CompletableFuture<Void>()
                .completeOnTimeout(null, 1, TimeUnit.NANOSECONDS)
                .join();
    }

    private static AsyncClient client(AsyncServer server) {
        return Async.client(Memory.client(server.getEndpoint()));
    }

    private static AsyncServer echo() throws Exception {
        return Async.server(Memory.server())
                .start(it -> it.copyTo(it).thenCompose(count -> it.shutdownOutput()))
                .get();
    }

    @Test
    void callsAreFutures() throws Exception {
        try (AsyncServer server = echo();
                AsyncConnection connection = client(server).connect().get()) {
            assertEquals(
                    "hello",
                    connection
                            .writeLine("hello")
                            .thenCompose(done -> connection.readLine())
                            .get());
            connection.write("abcde".getBytes(UTF_8)).get();
            connection
                    .write(ByteBuffer.wrap(new byte[] {'f'}), ByteBuffer.wrap(new byte[] {'g'}))
                    .get();
            assertEquals("abcdefg", new String(connection.readExactly(7).get(), UTF_8));
            LengthPrefix codec = new LengthPrefix(2);
            connection.send(codec, new byte[] {1, 2}).get();
            assertEquals(2, connection.receive(codec).get().length);
            connection.shutdownOutput().get();
            assertEquals(-1, connection.read(ByteBuffer.allocate(1)).get());
            connection.close();
            connection.awaitClosed().get();
            assertEquals(
                    new ShutdownReport(1, 0).getCut(),
                    server.shutdown(Duration.ofSeconds(30)).get().getCut());
        }
    }

    @Test
    void whatDependsOnAFutureDoesNotRunOnALoop() throws Exception {
        try (AsyncServer server = echo();
                AsyncConnection connection = client(server).connect().get()) {
            CompletableFuture<EventLoop> loop = connection.readLine().thenApply(line -> EventLoop.current());
            connection.writeLine("wake up").get();
            assertNull(loop.get());
        }
    }

    @Test
    void aCancelledReadLosesNothing() throws Exception {
        try (AsyncServer server = echo();
                AsyncConnection connection = client(server).connect().get()) {
            for (int round = 0; round < 200; round++) {
                CompletableFuture<String> first = connection.readLine();
                connection.writeLine("line " + round).get();
                first.cancel(true);
                String line = null;
                try {
                    line = first.join();
                } catch (CancellationException e) {
                    assertTrue(first.isCancelled());
                }
                assertEquals(
                        "line " + round, line == null ? connection.readLine().get() : line);
            }
        }
    }

    @Test
    void aReadThatTookTooLongIsNotGoingOn() throws Exception {
        try (AsyncServer server = echo();
                AsyncConnection connection = client(server).connect().get()) {
            CompletableFuture<String> late = connection.readLine().orTimeout(1, TimeUnit.MILLISECONDS);
            assertInstanceOf(
                    TimeoutException.class,
                    assertThrows(ExecutionException.class, late::get).getCause());
            assertEquals("line", echoed(connection, "line"));
        }
    }

    /** What comes back. A read that was ended from outside may take a moment to be gone, and the line with it. */
    private static String echoed(AsyncConnection connection, String line) throws Exception {
        while (true) {
            CompletableFuture<String> answer = connection.readLine();
            connection.writeLine(line).get();
            try {
                return answer.get();
            } catch (ExecutionException e) {
                if (!(e.getCause() instanceof IllegalStateException)) throw e;
            }
        }
    }

    @Test
    void aConnectThatIsCancelledLeavesNothingOpen() throws Exception {
        try (AsyncServer server = echo()) {
            for (int i = 0; i < 500; i++) {
                CompletableFuture<AsyncConnection> connecting = client(server).connect();
                connecting.cancel(true);
                // Some of them have connected by then.
                connecting
                        .handle((connection, failure) -> {
                            if (connection != null) connection.close();
                            return null;
                        })
                        .get();
            }
            assertEquals(0, server.shutdown(Duration.ofSeconds(30)).get().getCut());
        }
    }

    @Test
    void failuresAreThoseOfConnections() throws Exception {
        ExecutionException failure = assertThrows(
                ExecutionException.class,
                () -> Async.client(Memory.client("nobody")).connect().get());
        assertTrue(failure.getCause() instanceof ConnectFailed);
    }

    @Test
    void aHandlerThatFailsIsAnEvent() throws Exception {
        BlockingQueue<SocketEvent> events = new LinkedBlockingQueue<>();
        ServerOptions options = ServerOptions.builder().onEvent(events::add).build();
        for (boolean later : new boolean[] {false, true}) {
            Exception failure = new Exception("later: " + later);
            AsyncServer.Handler handler = it -> {
                if (!later) throw failure;
                return CompletableFuture.failedFuture(failure);
            };
            try (AsyncServer server =
                            Async.server(Memory.server(options)).start(handler).get();
                    AsyncConnection connection = client(server).connect().get()) {
                assertNull(connection.readLine().get());
                SocketEvent event = events.take();
                while (!(event instanceof ConnectionEvent.Failed)) event = events.take();
                assertSame(failure, ((ConnectionEvent.Failed) event).getCause());
            }
        }
    }

    @Test
    void aServerThatCutsCancelsTheFutureOfItsHandler() throws Exception {
        CompletableFuture<String> stuck = new CompletableFuture<>();
        AsyncServer.Handler handler = it -> {
            CompletionStage<?> begun = it.writeLine("begun");
            begun.toCompletableFuture().join();
            return stuck;
        };
        try (AsyncServer server = Async.server(Memory.server()).start(handler).get();
                AsyncConnection connection = client(server).connect().get()) {
            assertEquals("begun", connection.readLine().get());
            assertEquals(
                    new ShutdownReport(0, 1), server.shutdown(Duration.ZERO).get());
            assertTrue(stuck.isCancelled());
        }
    }

    @Test
    void datagramsAreFuturesToo() throws Exception {
        AsyncServer.DatagramHandler handler = (datagram, reply) -> reply.send(datagram.getBytes());
        try (AsyncServer server =
                        Async.server(MemoryDatagram.server()).start(handler).get();
                AsyncDatagramSocket socket = Async.client(MemoryDatagram.client(server.getEndpoint()))
                        .open()
                        .get()) {
            socket.send(new byte[] {1, 2, 3}).get();
            assertEquals(3, socket.receive().get().getBytes().length);
            assertEquals(
                    1,
                    Async.client(MemoryDatagram.client(server.getEndpoint()))
                            .request(new byte[1], Duration.ofSeconds(30), 0, Correlator.first)
                            .get()
                            .getBytes()
                            .length);
            socket.close();
            socket.awaitClosed().get();
            assertFalse(socket.isOpen());
        }
    }

    @Test
    void optionsCanBeReplacedWhileAServerRuns() throws Exception {
        ServerOptions options =
                ServerOptions.builder().backlog(7).maxConnections(1).build();
        DatagramServerOptions datagrams =
                DatagramServerOptions.builder().replyRate(3).build();
        try (AsyncServer server = echo();
                AsyncServer other = Async.server(MemoryDatagram.server())
                        .start((datagram, reply) -> null)
                        .get()) {
            assertEquals(List.of("backlog"), server.reload(options));
            assertEquals(List.of(), other.reload(datagrams));
            assertSame(options, ((RunningServer) server.unwrap()).getOptions());
            assertSame(datagrams, ((RunningDatagramServer) other.unwrap()).getOptions());
            assertThrows(IllegalStateException.class, () -> server.reload(datagrams));
            assertThrows(IllegalStateException.class, () -> other.reload(options));
        }
    }
}
