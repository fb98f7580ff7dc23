package io.hawser.udp;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.hawser.Admission;
import io.hawser.Datagram;
import io.hawser.DatagramClient;
import io.hawser.DatagramClientOptions;
import io.hawser.DatagramExchange;
import io.hawser.DatagramServer;
import io.hawser.DatagramServerOptions;
import io.hawser.DatagramSocket;
import io.hawser.DatagramTooLarge;
import io.hawser.RunningDatagramServer;
import io.hawser.SocketOptions;
import io.hawser.WhenQueueFull;
import java.time.Duration;
import kotlin.Unit;
import kotlin.coroutines.Continuation;
import kotlin.coroutines.EmptyCoroutineContext;
import kotlinx.coroutines.BuildersKt;
import kotlinx.coroutines.GlobalScope;
import org.junit.jupiter.api.Test;

/** What Java sees of datagrams: builders, java.time, plain getters, checked exceptions. */
class JavaCallersTest {
    @Test
    void buildsOptionsAndReadsThemBack() {
        DatagramServerOptions options = DatagramServerOptions.builder()
                .maxDatagramSize(1_500)
                .concurrency(4)
                .queueCount(10)
                .queueBytes(10_000)
                .whenQueueFull(WhenQueueFull.DropOldest)
                .replyRate(1_000)
                .replyTimeout(Duration.ofSeconds(2))
                .admission(Admission.allow("127.0.0.0/8"))
                .handlerContext(EmptyCoroutineContext.INSTANCE)
                .socket(SocketOptions.builder()
                        .broadcast(true)
                        .multicastTimeToLive(1)
                        .multicastLoopback(true)
                        .multicastInterface(null)
                        .build())
                .onEvent(event -> {})
                .build();
        assertEquals(4, options.getConcurrency());
        assertEquals(Duration.ofSeconds(2), options.getReplyTimeout());
        assertEquals(WhenQueueFull.DropOldest, options.getWhenQueueFull());
        assertEquals(1, options.getListeners().size());
        assertEquals(
                Duration.ofSeconds(3),
                DatagramClientOptions.builder()
                        .openTimeout(Duration.ofSeconds(3))
                        .build()
                        .getOpenTimeout());
        IllegalArgumentException wrong = assertThrows(
                IllegalArgumentException.class,
                () -> DatagramServerOptions.builder().concurrency(0).build());
        assertEquals("concurrency < 1: 0", wrong.getMessage());
    }

    @Test
    void servesAndAsks() throws Exception {
        DatagramServer unstarted = Udp.server("127.0.0.1", 0);
        RunningDatagramServer server = BuildersKt.runBlocking(
                EmptyCoroutineContext.INSTANCE,
                (scope, c) -> unstarted.start(GlobalScope.INSTANCE, JavaCallersTest::sendBack, c));
        try (server) {
            DatagramClient client = Udp.client("127.0.0.1", server.getPort());
            Datagram answer = BuildersKt.runBlocking(
                    EmptyCoroutineContext.INSTANCE,
                    (scope, c) -> client.request("ping".getBytes(UTF_8), Duration.ofSeconds(5), c));
            assertEquals("ping", answer.getText());
            assertTrue(answer.getCanReply());
            try (DatagramSocket socket =
                    BuildersKt.runBlocking(EmptyCoroutineContext.INSTANCE, (scope, c) -> client.open(c))) {
                assertTrue(socket.trySend(new byte[] {1, 2, 3}));
                Datagram back = BuildersKt.runBlocking(EmptyCoroutineContext.INSTANCE, (scope, c) -> socket.receive(c));
                assertArrayEquals(new byte[] {1, 2, 3}, back.getBytes());
                assertThrows(DatagramTooLarge.class, () -> socket.trySend(new byte[70_000]));
            }
        }
        BuildersKt.runBlocking(EmptyCoroutineContext.INSTANCE, (scope, c) -> {
            Object ended = server.awaitClosed(c);
            return ended == Unit.INSTANCE ? Unit.INSTANCE : ended;
        });
        assertEquals(0, server.getConnectionCount().getValue());
    }

    /** What it replies is told by a Boolean, which nobody waits for here. */
    @SuppressWarnings({"unchecked", "rawtypes"})
    private static Object sendBack(DatagramExchange exchange, Datagram datagram, Continuation<? super Unit> caller) {
        return exchange.reply(datagram.getBytes(), (Continuation) caller);
    }
}
