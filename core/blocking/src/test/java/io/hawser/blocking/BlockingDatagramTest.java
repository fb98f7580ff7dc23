package io.hawser.blocking;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.hawser.Datagram;
import io.hawser.DatagramTooLarge;
import io.hawser.ExchangeTimeout;
import io.hawser.Receipt;
import io.hawser.SocketClosed;
import io.hawser.testkit.MemoryDatagram;
import io.hawser.testkit.junit.LeakCheckExtension;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** Datagrams for threads that wait. */
@Timeout(60)
@ExtendWith(LeakCheckExtension.class)
class BlockingDatagramTest {
    private static byte[] bytes(String text) {
        return text.getBytes(UTF_8);
    }

    private static BlockingDatagramServer echo() throws Exception {
        return Blocking.server(MemoryDatagram.server()).start((datagram, reply) -> {
            if (!datagram.getText().equals("quiet")) assertTrue(reply.send(datagram.getBytes()));
        });
    }

    private static BlockingDatagramClient client(BlockingDatagramServer server) {
        return Blocking.client(MemoryDatagram.client(server.getEndpoint()));
    }

    @Test
    void datagramsKeepTheirBoundaries() throws Exception {
        try (BlockingDatagramServer server = echo();
                BlockingDatagramSocket socket = client(server).open()) {
            socket.send(bytes("one"));
            socket.send(ByteBuffer.wrap(bytes("two")));
            socket.send(new byte[0]);
            assertEquals("one", socket.receive().getText());
            ByteBuffer room = ByteBuffer.allocate(10);
            Receipt receipt = socket.receive(room);
            assertEquals(3, receipt.getLength());
            assertEquals("two", new String(room.array(), 0, 3, UTF_8));
            List<Datagram> rest = socket.receiveAll(5);
            assertEquals(0, rest.get(0).getBytes().length);
            assertEquals(6, socket.getBytesRead());
            assertEquals(6, socket.getBytesWritten());
            server.shutdown(Duration.ofSeconds(30));
            assertEquals(3, server.getTotals().getHandled());
        }
    }

    @Test
    void whatFailsSaysWhy() throws Exception {
        try (BlockingDatagramServer server = echo();
                BlockingDatagramSocket socket = client(server).open()) {
            CallTimeout late = assertThrows(CallTimeout.class, () -> socket.receive(Duration.ofMillis(1)));
            assertEquals("receiving from " + socket.getEndpoint() + " took longer than 1 ms", late.getMessage());
            assertThrows(DatagramTooLarge.class, () -> socket.send(new byte[10_000_000]));
            socket.close();
            assertThrows(SocketClosed.class, socket::receive);
            socket.awaitClosed();
        }
    }

    @Test
    void requestsAreAnsweredOrNot() throws Exception {
        try (BlockingDatagramServer server = echo()) {
            assertEquals(
                    "ping",
                    client(server)
                            .request(bytes("ping"), Duration.ofSeconds(30))
                            .getText());
            assertThrows(
                    ExchangeTimeout.class,
                    () -> client(server).request(bytes("quiet"), Duration.ofMillis(1), 0, (request, answer) -> true));
        }
    }

    @Test
    void anInterruptEndsAReceive() throws Exception {
        try (BlockingDatagramServer server = echo();
                BlockingDatagramSocket socket = client(server).open()) {
            try (Beside receiver = Beside.run(() -> assertThrows(InterruptedException.class, socket::receive))) {
                receiver.awaitWaiting();
                receiver.interrupt();
            }
            socket.send(bytes("still here"));
            assertEquals("still here", socket.receive(Duration.ofSeconds(30)).getText());
        }
    }

    @Test
    void whatDoesNotWaitMindsNoInterrupt() throws Exception {
        try (BlockingDatagramServer server = echo();
                BlockingDatagramSocket socket = client(server).open()) {
            Thread.currentThread().interrupt();
            assertTrue(socket.trySend(bytes("quiet")));
            assertNull(socket.tryReceive());
            assertTrue(Thread.interrupted());
            assertTrue(socket.isOpen());
        }
    }
}
