package io.hawser.messaging;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.hawser.BindFailed;
import io.hawser.ConnectTimeout;
import io.hawser.ReadTimeout;
import io.hawser.reconnect.LinkStopped;
import io.hawser.tcp.Tcp;
import io.hawser.testkit.Memory;
import java.net.Socket;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.Flow;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import kotlinx.coroutines.Dispatchers;
import kotlinx.coroutines.ExecutorsKt;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Hubs and clients as Java has them. */
@Timeout(120)
class BlockingHubTest {
    private static final Duration SOON = Duration.ofSeconds(30);

    @Test
    @DisplayName("a hub and a client say something to each other, by the name of the event")
    void byName(@TempDir Path folder) throws Exception {
        NamedHubs hubs = new NamedHubs(NamedHubOptions.builder()
                .socketDir(folder.resolve("hubs"))
                .port(0)
                .build());
        for (String kind : List.of("unix", "tcp")) {
            try (BlockingHub hub = BlockingHub.start(hubs.createServer(kind, "progress"))) {
                assertEquals(SendResult.Queued.INSTANCE, hub.broadcast(Map.of("step", 1)));
                assertEquals(1, hub.getBacklogSize());
                try (BlockingHubClient client = BlockingHubClient.start(hubs.createClient(kind, "progress"))) {
                    assertEquals(Map.of("step", 1L), client.receive(SOON).getData());
                    assertEquals(new SendResult.Delivered(1), hub.broadcast(Map.of("step", 2), MessageType.ERROR));
                    assertEquals(MessageType.ERROR, client.receive(SOON).getType());
                    String id = hub.getClients().get(0).getId();
                    assertTrue(hub.join(id, "watchers"));
                    hub.broadcastToGroup("watchers", Map.of("step", 3), MessageType.DATA);
                    hub.broadcast(
                            Map.of("step", 4),
                            MessageType.DATA,
                            it -> it.getId().equals(id));
                    hub.send(id, Map.of("step", 5));
                    for (long step = 3; step <= 5; step++)
                        assertEquals(step, client.receive(SOON).getData().get("step"));
                    client.send(Map.of("thanks", "hub"));
                    ReceivedMessage received = hub.receive(SOON);
                    assertEquals(id, received.getClient().getId());
                    assertEquals(Map.of("thanks", "hub"), received.getData());
                    assertEquals(SendResult.NoSuchClient.INSTANCE, hub.send("nobody", Map.of()));
                    hub.shutdown(SOON);
                    assertThrows(HubClosed.class, () -> hub.receive(SOON));
                }
            }
        }
    }

    @Test
    @DisplayName("they are as the page has them")
    void asThePageHasThem(@TempDir Path folder) throws Exception {
        NamedHubs hubs =
                new NamedHubs(NamedHubOptions.builder().socketDir(folder).build());
        try (BlockingHub hub = BlockingHub.start(hubs.createServer(SocketKind.Unix, "progress"));
                BlockingHubClient client = BlockingHubClient.start(hubs.createClient(SocketKind.Unix, "progress"))) {
            client.awaitConnected(Duration.ofSeconds(30));
            hub.broadcast(Map.of("step", 1));
            System.out.println(client.receive(Duration.ofSeconds(30)).getData());
        }
    }

    @Test
    @DisplayName("waits end in time, at the end, and by interrupts")
    void ends() throws Exception {
        BlockingHub hub = BlockingHub.start(new MessageHub(Tcp.server(0), "progress"));
        BlockingHubClient client = BlockingHubClient.start(
                new HubClient(Tcp.client("127.0.0.1", hub.unwrap().getHandle().getPort()), "progress"));
        client.awaitConnected(SOON);
        assertThrows(ReadTimeout.class, () -> client.receive(Duration.ofMillis(1)));
        assertThrows(ReadTimeout.class, () -> hub.receive(Duration.ofMillis(1)));
        AtomicReference<Throwable> thrown = new AtomicReference<>();
        Thread waiting = new Thread(() -> thrown.set(assertThrows(Throwable.class, () -> client.receive(SOON))));
        waiting.start();
        waiting.interrupt();
        waiting.join();
        assertInstanceOf(InterruptedException.class, thrown.get());
        CompletableFuture<Message> last = CompletableFuture.supplyAsync(() -> {
            try {
                return client.receive(SOON);
            } catch (Exception e) {
                throw new CompletionException(e);
            }
        });
        client.close();
        client.join();
        assertInstanceOf(
                LinkStopped.class,
                assertThrows(CompletionException.class, last::join).getCause());
        assertThrows(LinkStopped.class, () -> client.send(Map.of()));
        assertThrows(
                BindFailed.class,
                () -> BlockingHub.start(
                        new MessageHub(Tcp.server(hub.unwrap().getHandle().getPort()), "x")));
        hub.close();
        hub.awaitClosed();
        assertThrows(HubClosed.class, () -> hub.receive(SOON));
    }

    @Test
    @DisplayName("a client of nobody waits no longer than it is told to")
    void nobody() {
        try (BlockingHubClient client = BlockingHubClient.start(new HubClient(Memory.client("nobody"), "progress"))) {
            assertThrows(ConnectTimeout.class, () -> client.awaitConnected(Duration.ofMillis(20)));
        }
    }

    @Test
    @DisplayName("messages and events are published to subscribers")
    void publishers() throws Exception {
        try (BlockingHub hub = BlockingHub.start(new MessageHub(Tcp.server(0), "progress"))) {
            BlockingQueue<Object> seen = new LinkedBlockingQueue<>();
            hub.events().subscribe(into(seen));
            try (BlockingHubClient client = BlockingHubClient.start(new HubClient(
                    Tcp.client("127.0.0.1", hub.unwrap().getHandle().getPort()), "progress"))) {
                client.messages().subscribe(into(seen));
                assertInstanceOf(HubEvent.Connected.class, seen.poll(30, TimeUnit.SECONDS));
                hub.broadcast(Map.of("at", Instant.EPOCH.toString()));
                assertEquals(
                        "1970-01-01T00:00:00Z",
                        ((Message) seen.poll(30, TimeUnit.SECONDS)).getData().get("at"));
                hub.received().subscribe(into(seen));
                client.send(Map.of("n", 1));
                assertInstanceOf(ReceivedMessage.class, seen.poll(30, TimeUnit.SECONDS));
            }
        }
    }

    @Test
    @DisplayName("who has subscribed to events misses none, however busy other threads are")
    void subscribesAtOnce() throws Exception {
        CountDownLatch end = new CountDownLatch(1);
        Executor shared = ExecutorsKt.asExecutor(Dispatchers.getDefault());
        try (BlockingHub hub = BlockingHub.start(new MessageHub(Tcp.server(0), "progress"))) {
            for (int i = 0; i < Math.max(2, Runtime.getRuntime().availableProcessors()); i++)
                shared.execute(() -> {
                    try {
                        end.await();
                    } catch (InterruptedException e) {
                        Thread.currentThread().interrupt();
                    }
                });
            BlockingQueue<Object> seen = new LinkedBlockingQueue<>();
            hub.events().subscribe(into(seen));
            try (Socket client =
                    new Socket("127.0.0.1", hub.unwrap().getHandle().getPort())) {
                assertInstanceOf(HubEvent.Connected.class, seen.poll(30, TimeUnit.SECONDS), client::toString);
            }
        } finally {
            end.countDown();
        }
    }

    @Test
    @DisplayName("on a thread of an event loop they fail at once")
    void onALoop() throws Exception {
        AtomicReference<BlockingHub> started = new AtomicReference<>();
        BlockingQueue<Throwable> thrown = new LinkedBlockingQueue<>();
        HubListener blocks = new HubListener() {
            @Override
            public void onMessage(ReceivedMessage received) {
                try {
                    started.get().receive(SOON);
                } catch (Throwable e) {
                    thrown.add(e);
                }
            }
        };
        HubOptions options = HubOptions.builder().build();
        try (BlockingHub hub = BlockingHub.start(new MessageHub(Tcp.server(0), "progress", options, blocks))) {
            started.set(hub);
            int port = hub.unwrap().getHandle().getPort();
            try (BlockingHubClient client =
                    BlockingHubClient.start(new HubClient(Tcp.client("127.0.0.1", port), "progress"))) {
                client.send(Map.of("n", 1));
                assertInstanceOf(IllegalStateException.class, thrown.poll(30, TimeUnit.SECONDS));
                assertEquals(1L, hub.receive(SOON).getData().get("n"));
            }
        }
    }

    private static <T> Flow.Subscriber<T> into(BlockingQueue<Object> queue) {
        return new Flow.Subscriber<>() {
            @Override
            public void onSubscribe(Flow.Subscription subscription) {
                subscription.request(Long.MAX_VALUE);
            }

            @Override
            public void onNext(T item) {
                queue.add(item);
            }

            @Override
            public void onError(Throwable failure) {
                queue.add(failure);
            }

            @Override
            public void onComplete() {}
        };
    }
}
