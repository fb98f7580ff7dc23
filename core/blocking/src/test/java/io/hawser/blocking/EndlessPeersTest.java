package io.hawser.blocking;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.hawser.ExchangeTimeout;
import io.hawser.ServerOptions;
import io.hawser.SocketFailure;
import io.hawser.event.ConnectionEvent;
import io.hawser.event.SocketEvent;
import io.hawser.testkit.Memory;
import io.hawser.testkit.junit.LeakCheckExtension;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.InterruptedIOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** Calls end when they are told to, whatever their peers and their handlers do. */
@Timeout(60)
@ExtendWith(LeakCheckExtension.class)
class EndlessPeersTest {
    /** Sends without end, and takes whatever comes. */
    private static BlockingServer endless() throws Exception {
        return Blocking.server(Memory.server()).start(connection -> {
            try (Beside writer = Beside.run(() -> assertThrows(SocketFailure.class, () -> {
                byte[] piece = new byte[64 * 1024];
                while (true) connection.write(piece);
            }))) {
                byte[] room = new byte[64 * 1024];
                while (connection.read(room) >= 0) continue;
                connection.close();
            }
        });
    }

    @Test
    void aWriteThatNeverWaitsEndsInTime() throws Exception {
        try (BlockingServer server = endless();
                BlockingConnection connection =
                        Blocking.client(Memory.client(server.unwrap())).connect()) {
            ByteBuffer much = ByteBuffer.allocate(256 << 20);
            assertThrows(CallTimeout.class, () -> connection.write(much, Duration.ofMillis(1)));
        }
    }

    @Test
    void aCopyThatNeverWaitsEndsAtAnInterrupt() throws Exception {
        try (BlockingServer server = endless();
                BlockingConnection from =
                        Blocking.client(Memory.client(server.unwrap())).connect();
                BlockingConnection to =
                        Blocking.client(Memory.client(server.unwrap())).connect()) {
            try (Beside copy = Beside.run(() -> assertThrows(InterruptedException.class, () -> from.copyTo(to)))) {
                while (to.getBytesWritten() < 1 << 20) Thread.onSpinWait();
                copy.interrupt();
            }
            from.abort();
            to.abort();
        }
    }

    @Test
    void anExchangeEndsInTimeWhateverItsAnswerDoes() throws Exception {
        try (BlockingServer server = Blocking.server(Memory.server()).start(connection -> connection.readLine())) {
            BlockingClient client = Blocking.client(Memory.client(server.unwrap()));
            byte[] request = "half".getBytes(UTF_8);
            assertThrows(
                    ExchangeTimeout.class,
                    () -> client.once(
                            request,
                            Duration.ofMillis(50),
                            it -> new BufferedReader(new InputStreamReader(it.getInputStream(), UTF_8)).readLine()));
            assertThrows(
                    ExchangeTimeout.class,
                    () -> client.once(request, Duration.ofMillis(50), it -> {
                        while (true) {
                            try {
                                return it.readLine();
                            } catch (InterruptedException e) {
                                // Overheard.
                            }
                        }
                    }));
        }
    }

    @Test
    void whatAnAnswerThrowsIsThrown() throws Exception {
        try (BlockingServer server = Blocking.server(Memory.server()).start(connection -> connection.readLine())) {
            BlockingClient client = Blocking.client(Memory.client(server.unwrap()));
            IOException failure = assertThrows(
                    InterruptedIOException.class,
                    () -> client.once(new byte[1], Duration.ofSeconds(30), it -> {
                        throw new InterruptedException("by itself");
                    }));
            assertInstanceOf(InterruptedException.class, failure.getCause());
        }
    }

    @Test
    void anInterruptThatIsNotTheServersIsAFailureOfTheHandler() throws Exception {
        BlockingQueue<SocketEvent> events = new LinkedBlockingQueue<>();
        ServerOptions options = ServerOptions.builder().onEvent(events::add).build();
        try (BlockingServer server = Blocking.server(Memory.server(options)).start(connection -> {
                    Thread.currentThread().interrupt();
                    connection.readLine();
                });
                BlockingConnection connection =
                        Blocking.client(Memory.client(server.unwrap())).connect()) {
            assertEquals(-1, connection.read(new byte[1]));
            SocketEvent event = events.take();
            while (!(event instanceof ConnectionEvent.Failed)) event = events.take();
            Throwable cause = ((ConnectionEvent.Failed) event).getCause();
            assertInstanceOf(InterruptedIOException.class, cause);
            assertTrue(cause.getMessage().contains("not by what runs it"), cause::toString);
        }
    }
}
