package io.hawser.broker.blocking;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.hawser.BindFailed;
import io.hawser.ConnectTimeout;
import io.hawser.ReadTimeout;
import io.hawser.broker.Body;
import io.hawser.broker.BodyTooLarge;
import io.hawser.broker.Broker;
import io.hawser.broker.BrokerAdmission;
import io.hawser.broker.BrokerEvent;
import io.hawser.broker.BrokerOptions;
import io.hawser.broker.Consumer;
import io.hawser.broker.ConsumerOptions;
import io.hawser.broker.ConsumerPool;
import io.hawser.broker.NoProvider;
import io.hawser.broker.NotAdmitted;
import io.hawser.broker.Outcome;
import io.hawser.broker.Provider;
import io.hawser.broker.RequestFailed;
import io.hawser.broker.RequestTimeout;
import io.hawser.reconnect.LinkStopped;
import io.hawser.tcp.Tcp;
import io.hawser.testkit.Memory;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Flow;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Brokers, providers and consumers as Java has them. */
@Timeout(120)
class BlockingBrokerTest {
    private static final Duration SOON = Duration.ofSeconds(30);
    private static final byte[] NOTHING = {};

    private final UUID channel = UUID.randomUUID();
    private final List<AutoCloseable> open = new ArrayList<>();
    private BlockingBroker broker;

    @BeforeEach
    void start() throws Exception {
        broker = BlockingBroker.start(new Broker(Tcp.server("127.0.0.1", 0)));
    }

    @AfterEach
    void end() throws Exception {
        for (AutoCloseable one : open) one.close();
        broker.close();
        broker.awaitClosed();
    }

    @Test
    @DisplayName("a question is answered, with headers both ways, as bytes and as streams")
    void asks() throws Exception {
        provide((request, responder) -> {
            responder.headers(Map.of("was", request.getHeaders().getOrDefault("is", "nothing")));
            byte[] buffer = new byte[1000];
            for (int count; (count = request.getBody().read(buffer)) >= 0; )
                responder.send(upper(Arrays.copyOf(buffer, count)));
        });
        BlockingConsumer consumer = consume();
        assertEquals("HELLO", text(consumer.request(bytes("hello"))));
        assertEquals("HELLO", text(consumer.request(bytes("hello"), SOON, Map.of("is", "x"))));
        byte[] megabyte = new byte[1 << 20];
        Arrays.fill(megabyte, (byte) 'a');
        for (Body body : List.of(Body.of(megabyte), Body.of(new ByteArrayInputStream(megabyte)))) {
            try (BlockingReply reply = consumer.exchange(body, SOON, Map.of("is", "long"), false)) {
                assertEquals(Map.of("was", "long"), reply.getHeaders());
                assertArrayEquals(upper(megabyte), reply.getBody().readAllBytes());
                assertEquals(-1, reply.getBody().read());
            }
        }
        assertTrue(consumer.ping(SOON).compareTo(SOON) < 0);
        broker.shutdown(SOON);
        assertEquals(Map.of(Outcome.COMPLETED, 5L), broker.getStats().getOutcomes());
    }

    @Test
    @DisplayName("they are as the page has them")
    void asThePageHasThem() throws Exception {
        UUID upper = channel;
        var client = Tcp.client("127.0.0.1", broker.getPort());
        try (BlockingProvider provider =
                        BlockingProvider.start(new Provider(client, upper), 16, (request, responder) -> {
                            String text = new String(request.bytes(1024), StandardCharsets.UTF_8);
                            if (text.isEmpty()) throw responder.fail(400, "nothing to do");
                            responder.reply(text.toUpperCase(Locale.ROOT).getBytes(StandardCharsets.UTF_8));
                        });
                BlockingConsumer consumer = BlockingConsumer.start(new Consumer(client, upper))) {
            provider.awaitRegistered(Duration.ofSeconds(30));
            byte[] answer = consumer.request("hello".getBytes(StandardCharsets.UTF_8), Duration.ofSeconds(30));
            assertEquals("HELLO", text(answer));
            RequestFailed failed =
                    assertThrows(RequestFailed.class, () -> consumer.request(NOTHING, Duration.ofSeconds(30)));
            assertEquals(400, failed.getCode());
        }
    }

    @SuppressWarnings("unused")
    private static void streams(BlockingConsumer consumer) throws Exception {
        try (BlockingReply reply = consumer.exchange(Body.of(Path.of("book.txt")), Duration.ofMinutes(1))) {
            reply.getBody().transferTo(System.out);
        }
    }

    @Test
    @DisplayName("failures have their types, and stacks stay where they are")
    void failures() throws Exception {
        BlockingConsumer consumer = consume();
        consumer.awaitRegistered(SOON);
        assertThrows(NoProvider.class, () -> consumer.request(NOTHING, SOON));
        assertThrows(NoProvider.class, () -> consumer.exchange(Body.of(NOTHING), SOON));
        assertThrows(NoProvider.class, () -> consumer.ping(SOON));
        provide((request, responder) -> {
            switch (text(request.bytes(100))) {
                case "fail" -> throw responder.fail(7, "as told");
                case "throw" -> throw new IOException("oh");
                case "late" -> {
                    responder.send(bytes("be"));
                    throw new IllegalStateException("later");
                }
                case "wait" -> new CountDownLatch(1).await();
                default -> responder.reply(new byte[2000], Map.of("a", "b"));
            }
        });
        RequestFailed told = assertThrows(RequestFailed.class, () -> consumer.request(bytes("fail"), SOON));
        assertEquals(7, told.getCode());
        assertEquals("as told", told.getReason());
        RequestFailed thrown = assertThrows(RequestFailed.class, () -> consumer.request(bytes("throw"), SOON));
        assertEquals(0, thrown.getCode());
        assertEquals("oh", thrown.getReason());
        assertThrows(RequestFailed.class, () -> consumer.request(new byte[101], SOON));
        assertThrows(RequestTimeout.class, () -> consumer.request(bytes("wait"), Duration.ofMillis(50)));
        try (BlockingReply reply = consumer.exchange(Body.of(bytes("late")), SOON)) {
            InputStream body = reply.getBody();
            assertEquals("be", text(body.readNBytes(2)));
            assertThrows(RequestFailed.class, body::read);
        }
        BlockingConsumer small = opened(BlockingConsumer.start(new Consumer(
                Tcp.client("127.0.0.1", broker.getPort()),
                channel,
                ConsumerOptions.builder().maxReply(1999).build())));
        assertThrows(BodyTooLarge.class, () -> small.request(NOTHING, SOON));
        assertThrows(IllegalArgumentException.class, () -> consumer.request(NOTHING, Duration.ZERO));
    }

    @Test
    @DisplayName("who leaves a reply, or is interrupted, has the handler interrupted")
    void cancellation() throws Exception {
        BlockingQueue<String> seen = new LinkedBlockingQueue<>();
        provide((request, responder) -> {
            if (text(request.bytes(100)).equals("begin")) responder.send(bytes("begun"));
            seen.add("waits");
            try {
                new CountDownLatch(1).await();
            } catch (InterruptedException e) {
                seen.add("interrupted");
                throw e;
            }
        });
        BlockingConsumer consumer = consume();
        InputStream body;
        try (BlockingReply reply = consumer.exchange(Body.of(bytes("begin")), SOON)) {
            body = reply.getBody();
            assertEquals("begun", text(body.readNBytes(5)));
            assertEquals("waits", seen.poll(30, TimeUnit.SECONDS));
        }
        assertThrows(IOException.class, body::read);
        assertEquals("interrupted", seen.poll(30, TimeUnit.SECONDS));

        for (Asking asking : List.<Asking>of(
                () -> consumer.request(NOTHING, SOON), () -> consumer.exchange(Body.of(NOTHING), SOON))) {
            AtomicReference<Throwable> thrown = new AtomicReference<>();
            Thread asker = new Thread(() -> thrown.set(assertThrows(Throwable.class, asking::ask)));
            asker.start();
            assertEquals("waits", seen.poll(30, TimeUnit.SECONDS));
            asker.interrupt();
            asker.join();
            assertInstanceOf(InterruptedException.class, thrown.get());
            assertEquals("interrupted", seen.poll(30, TimeUnit.SECONDS));
        }
    }

    @Test
    @DisplayName("what cannot be sent to its end fails who takes the reply")
    void brokenBody() throws Exception {
        CountDownLatch begun = new CountDownLatch(1);
        provide((request, responder) -> {
            responder.send(bytes("begun"));
            request.getBody().transferTo(java.io.OutputStream.nullOutputStream());
        });
        InputStream broken = new InputStream() {
            @Override
            public int read() throws IOException {
                try {
                    begun.await();
                } catch (InterruptedException e) {
                    throw new AssertionError(e);
                }
                throw new IOException("no more of it");
            }
        };
        try (BlockingReply reply = consume().exchange(Body.of(broken), SOON)) {
            assertEquals("begun", text(reply.getBody().readNBytes(5)));
            begun.countDown();
            assertEquals(
                    "no more of it",
                    assertThrows(IOException.class, () -> reply.getBody().read())
                            .getMessage());
        }
    }

    @Test
    @DisplayName("requests can be taken, and answered by whoever likes")
    void pulls() throws Exception {
        BlockingProvider provider =
                opened(BlockingProvider.start(new Provider(Tcp.client("127.0.0.1", broker.getPort()), channel), 10));
        provider.awaitRegistered(SOON);
        assertTrue(provider.isRegistered());
        assertThrows(ReadTimeout.class, () -> provider.receive(Duration.ofMillis(1)));
        BlockingConsumer consumer = consume();
        CompletableFuture<byte[]> answer = inBackground(() -> consumer.request(bytes("a"), SOON));
        BlockingRequest request = provider.receive(SOON);
        assertEquals("a", text(request.bytes(1)));
        assertEquals(channel, request.getChannel());
        assertTrue(request.getTimeLeft().compareTo(SOON) <= 0);
        assertTrue(provider.respond(request.getId(), bytes("b")));
        assertFalse(provider.respond(request.getId(), bytes("c")));
        assertEquals("b", text(answer.get(30, TimeUnit.SECONDS)));

        CompletableFuture<byte[]> failed = inBackground(() -> consumer.request(NOTHING, SOON));
        assertTrue(provider.fail(provider.receive(SOON).getId(), 3, "no"));
        assertInstanceOf(RequestFailed.class, failed.handle((value, e) -> e).get(30, TimeUnit.SECONDS));

        CompletableFuture<BlockingRequest> last = inBackground(() -> provider.receive(SOON));
        provider.shutdown(SOON);
        assertNull(last.get(30, TimeUnit.SECONDS));
        assertThrows(LinkStopped.class, () -> provider.awaitRegistered(SOON));
    }

    @Test
    @DisplayName("a pool asks too, and all of it ends")
    void pool() throws Exception {
        provide((request, responder) -> responder.send(Body.of(request.bytes(10))));
        BlockingConsumer pool =
                opened(BlockingConsumer.start(new ConsumerPool(Tcp.client("127.0.0.1", broker.getPort()), channel, 3)));
        List<CompletableFuture<byte[]>> answers = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            byte[] question = bytes("" + i);
            answers.add(inBackground(() -> pool.request(question, SOON)));
        }
        for (int i = 0; i < 20; i++) assertEquals("" + i, text(answers.get(i).get(30, TimeUnit.SECONDS)));
        pool.shutdown(SOON);
        pool.join();
        assertThrows(LinkStopped.class, () -> pool.request(NOTHING, SOON));
    }

    @Test
    @DisplayName("who is not admitted, and who finds nobody, is told so in time")
    void waits() throws Exception {
        BrokerOptions options = BrokerOptions.builder()
                .admission(BrokerAdmission.of(it -> it.getTokenText().equals("open") ? null : "no token"))
                .build();
        try (BlockingBroker strict = BlockingBroker.start(new Broker(Tcp.server("127.0.0.1", 0), options));
                BlockingConsumer refused =
                        BlockingConsumer.start(new Consumer(Tcp.client("127.0.0.1", strict.getPort()), channel));
                BlockingConsumer admitted = BlockingConsumer.start(new Consumer(
                        Tcp.client("127.0.0.1", strict.getPort()),
                        channel,
                        ConsumerOptions.builder().token("open").build()))) {
            assertThrows(NotAdmitted.class, () -> refused.awaitRegistered(SOON));
            admitted.awaitRegistered(SOON);
            int port = strict.getPort();
            assertThrows(BindFailed.class, () -> BlockingBroker.start(new Broker(Tcp.server("127.0.0.1", port))));
        }
        try (BlockingConsumer nobody = BlockingConsumer.start(new Consumer(Memory.client("nobody"), channel));
                BlockingProvider alone =
                        BlockingProvider.start(new Provider(Memory.client("nobody"), channel), 1, (q, a) -> {})) {
            assertThrows(ConnectTimeout.class, () -> nobody.awaitRegistered(Duration.ofMillis(20)));
            assertThrows(ConnectTimeout.class, () -> alone.awaitRegistered(Duration.ofMillis(20)));
            assertFalse(alone.isRegistered());
        }
    }

    @Test
    @DisplayName("on a thread of an event loop they fail at once")
    void onALoop() throws Exception {
        BlockingConsumer consumer = consume();
        BlockingQueue<Throwable> thrown = new LinkedBlockingQueue<>();
        BrokerAdmission asks = BrokerAdmission.of(applicant -> {
            thrown.add(assertThrows(Throwable.class, () -> consumer.request(NOTHING, SOON)));
            return null;
        });
        BrokerOptions options = BrokerOptions.builder().admission(asks).build();
        try (BlockingBroker another = BlockingBroker.start(new Broker(Tcp.server("127.0.0.1", 0), options));
                BlockingConsumer applicant =
                        BlockingConsumer.start(new Consumer(Tcp.client("127.0.0.1", another.getPort()), channel))) {
            assertInstanceOf(IllegalStateException.class, thrown.poll(30, TimeUnit.SECONDS));
            applicant.awaitRegistered(SOON);
        }
    }

    @Test
    @DisplayName("statistics and events are published to subscribers")
    void publishers() throws Exception {
        BlockingQueue<Object> seen = new LinkedBlockingQueue<>();
        broker.events().subscribe(into(seen));
        provide((request, responder) -> {});
        consume().request(NOTHING, SOON);
        Object event = seen.poll(30, TimeUnit.SECONDS);
        while (!(event instanceof BrokerEvent.RequestEnded)) event = seen.poll(30, TimeUnit.SECONDS);
        assertEquals(Outcome.COMPLETED, ((BrokerEvent.RequestEnded) event).getOutcome());
        BlockingQueue<Object> stats = new LinkedBlockingQueue<>();
        broker.stats(Duration.ofMillis(1)).subscribe(into(stats));
        assertTrue(stats.poll(30, TimeUnit.SECONDS).toString().startsWith("1 requests, "));
        assertTrue(broker.disconnect(broker.getPeers().get(0).getId()));
    }

    private interface Asking {
        Object ask() throws Exception;
    }

    private static <T> CompletableFuture<T> inBackground(java.util.concurrent.Callable<T> call) {
        CompletableFuture<T> future = new CompletableFuture<>();
        new Thread(() -> {
                    try {
                        future.complete(call.call());
                    } catch (Throwable e) {
                        future.completeExceptionally(e);
                    }
                })
                .start();
        return future;
    }

    private void provide(BlockingRequestHandler handler) throws Exception {
        Provider provider = new Provider(Tcp.client("127.0.0.1", broker.getPort()), channel);
        opened(BlockingProvider.start(provider, 100, handler)).awaitRegistered(SOON);
    }

    private BlockingConsumer consume() {
        return opened(BlockingConsumer.start(new Consumer(Tcp.client("127.0.0.1", broker.getPort()), channel)));
    }

    private <T extends AutoCloseable> T opened(T one) {
        open.add(one);
        return one;
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static String text(byte[] bytes) {
        return new String(bytes, StandardCharsets.UTF_8);
    }

    private static byte[] upper(byte[] bytes) {
        return bytes(text(bytes).toUpperCase(Locale.ROOT));
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
