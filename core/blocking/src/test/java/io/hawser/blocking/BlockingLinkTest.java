package io.hawser.blocking;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.hawser.ConnectFailed;
import io.hawser.ConnectTimeout;
import io.hawser.event.LinkEvent;
import io.hawser.event.SocketEvent;
import io.hawser.reconnect.Backoff;
import io.hawser.reconnect.DoNotReconnect;
import io.hawser.reconnect.LinkOptions;
import io.hawser.reconnect.LinkState;
import io.hawser.reconnect.LinkStopped;
import io.hawser.reconnect.OutboxOptions;
import io.hawser.reconnect.SendOutcome;
import io.hawser.tcp.Tcp;
import io.hawser.testkit.junit.LeakCheckExtension;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Flow;
import java.util.concurrent.LinkedBlockingQueue;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** Links whose sessions and hooks wait, to servers that come and go. */
@Timeout(60)
@ExtendWith(LeakCheckExtension.class)
class BlockingLinkTest {
    @AutoClose
    private final LinkPeer peer = new LinkPeer();

    @Test
    void itStaysConnectedToAServerThatIsKilledAndStartedAgain() throws Exception {
        BlockingQueue<String> greetings = new LinkedBlockingQueue<>();
        try (BlockingLink link = Blocking.link(peer.client(), LinkPeer.eager()).start(connection -> {
            greetings.add(connection.readLine());
            connection.readLine();
        })) {
            for (String greeting : List.of("one", "two", "three")) {
                try (BlockingServer server = peer.greets(greeting)) {
                    assertEquals(greeting, greetings.take());
                    server.close();
                    server.awaitClosed();
                }
                assertThrows(IllegalStateException.class, () -> link.start(connection -> {}));
            }
            link.close();
            link.join();
            assertEquals(new LinkState.Stopped(null), link.getState());
            assertEquals("link to " + peer.client().getEndpoint(), link.toString());
        }
    }

    @Test
    void itGoesToSeveralServersInTurn() throws Exception {
        BlockingQueue<String> greetings = new LinkedBlockingQueue<>();
        BlockingHandler byName =
                connection -> connection.writeLine("from " + ((InetSocketAddress) connection.getLocal()).getPort());
        try (BlockingServer first = Blocking.server(Tcp.server("127.0.0.1", 0)).start(byName);
                BlockingServer second =
                        Blocking.server(Tcp.server("127.0.0.1", 0)).start(byName);
                BlockingLink link = Blocking.link(
                                List.of(peer.client(first.getPort()), peer.client(second.getPort())), LinkPeer.eager())
                        .start(connection -> greetings.add(connection.readLine()))) {
            for (BlockingServer server : List.of(first, second, first, second))
                assertEquals("from " + server.getPort(), greetings.take());
            link.close();
            link.join();
        }
        assertThrows(IllegalArgumentException.class, () -> Blocking.link(List.of()));
    }

    @Test
    void aSessionThatAsksForNoOtherConnectionEndsIt() throws Exception {
        try (BlockingServer server = peer.greets("hello")) {
            Blocking.link(peer.client()).keep(connection -> {
                throw new DoNotReconnect();
            });
            IOException failure = assertThrows(
                    LinkStopped.class,
                    () -> Blocking.link(peer.client()).keep(connection -> {
                        throw new RuntimeException(
                                "wrapped", new DoNotReconnect("enough", new IllegalStateException("why")));
                    }));
            assertEquals("the link to " + server.getEndpoint() + " has given up: why", failure.getMessage());
            assertInstanceOf(IllegalStateException.class, failure.getCause());
        }
    }

    @Test
    void itGivesUpWhenItsBackoffDoes() throws Exception {
        BlockingQueue<Integer> asked = new LinkedBlockingQueue<>();
        Backoff thrice = Backoff.of((failures, cause) -> {
            asked.add(failures);
            return failures == 3 ? null : Duration.ofNanos(1);
        });
        LinkOptions options = LinkOptions.builder().backoff(thrice).build();
        BlockingLink link = Blocking.link(peer.client(), options);
        ConnectFailed failure = assertThrows(ConnectFailed.class, () -> link.keep(connection -> {}));
        assertEquals(List.of(1, 2, 3), List.copyOf(asked));
        assertEquals(new LinkState.Stopped(failure), link.getState());
        assertSame(
                failure,
                assertThrows(LinkStopped.class, () -> link.send(new byte[1])).getCause());
        assertThrows(LinkStopped.class, () -> link.awaitConnected(LinkPeer.LONG));
        assertThrows(IllegalStateException.class, () -> link.keep(connection -> {}));
    }

    @Test
    void whatIsSentMeanwhileWaitsWhereThereIsAnOutbox() throws Exception {
        LinkOptions options = LinkPeer.eager().toBuilder()
                .outbox(OutboxOptions.builder().maxMessages(2).build())
                .build();
        BlockingQueue<String> received = new LinkedBlockingQueue<>();
        try (BlockingLink link = Blocking.link(peer.client(), options).start(BlockingConnection::readLine)) {
            peer.await(LinkState.Waiting.class);
            for (String line : List.of("one\n", "two\n"))
                assertEquals(SendOutcome.Queued, link.send(line.getBytes(UTF_8)));
            assertEquals(SendOutcome.Dropped, link.send("three\n".getBytes(UTF_8)));
            assertEquals(2, link.getQueuedMessages());
            assertEquals(1, link.getDroppedMessages());
            try (BlockingServer server = Blocking.server(Tcp.server("127.0.0.1", peer.port))
                    .start(connection -> {
                        for (String line = connection.readLine(); line != null; line = connection.readLine())
                            received.add(line);
                    })) {
                assertEquals("one", received.take());
                assertEquals("two", received.take());
                link.awaitConnected(LinkPeer.LONG);
                assertEquals(SendOutcome.Sent, link.send("four\n".getBytes(UTF_8)));
                assertEquals("four", received.take());
                link.shutdown(Duration.ZERO);
            }
        }
    }

    @Test
    void aConnectionIsLentBesideTheSession() throws Exception {
        LinkOptions patient = LinkOptions.builder()
                .backoff(Backoff.constant(Duration.ofHours(1)))
                .build();
        try (BlockingLink down = Blocking.link(peer.client(), patient).start(connection -> {})) {
            peer.awaitWaiting();
            ConnectTimeout late = assertThrows(ConnectTimeout.class, () -> down.awaitConnected(Duration.ofMillis(1)));
            assertInstanceOf(ConnectFailed.class, late.getSuppressed()[0]);
            assertThrows(IllegalArgumentException.class, () -> down.awaitConnected(Duration.ZERO));
            down.shutdown(Duration.ofSeconds(1));
        }
        try (BlockingServer server = peer.greets("hello");
                BlockingLink link =
                        Blocking.link(peer.client(), LinkPeer.eager()).start(connection -> connection.awaitClosed())) {
            assertEquals("hello", link.<String>withConnection(LinkPeer.LONG, BlockingConnection::readLine));
            IOException own = new IOException("mine");
            assertSame(
                    own,
                    assertThrows(
                            IOException.class,
                            () -> link.withConnection(LinkPeer.LONG, it -> {
                                throw own;
                            })));
            assertTrue(link.awaitConnected(LinkPeer.LONG).isOpen());
            link.close();
            link.join();
        }
    }

    @Test
    void aShutdownIsToldToTheSession() throws Exception {
        CountDownLatch begun = new CountDownLatch(1);
        CompletableFuture<List<SocketEvent>> told = new CompletableFuture<>();
        try (BlockingServer server = peer.greets("hello");
                BlockingLink link = Blocking.link(peer.client())) {
            subscribe(link, told);
            link.start(connection -> {
                assertFalse(connection.isDraining());
                begun.countDown();
                while (!connection.isDraining()) Thread.onSpinWait();
                connection.writeLine("bye");
            });
            begun.await();
            link.shutdown(LinkPeer.LONG);
            List<SocketEvent> events = told.get();
            assertEquals(
                    new LinkEvent.StateChanged(link.getEndpoint(), new LinkState.Stopped(null)),
                    events.get(events.size() - 1));
        }
    }

    private static void subscribe(BlockingLink link, CompletableFuture<List<SocketEvent>> told) throws Exception {
        CountDownLatch subscribed = new CountDownLatch(1);
        link.events().subscribe(new Flow.Subscriber<>() {
            private final List<SocketEvent> seen = new ArrayList<>();

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
                told.completeExceptionally(failure);
            }

            @Override
            public void onComplete() {
                told.complete(seen);
            }
        });
        subscribed.await();
    }
}
