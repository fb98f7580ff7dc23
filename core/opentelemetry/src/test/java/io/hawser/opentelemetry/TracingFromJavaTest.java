package io.hawser.opentelemetry;

import static java.util.concurrent.TimeUnit.MILLISECONDS;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.hawser.StreamClient;
import io.hawser.blocking.Blocking;
import io.hawser.blocking.BlockingServer;
import io.hawser.broker.Body;
import io.hawser.broker.Broker;
import io.hawser.broker.Consumer;
import io.hawser.broker.ConsumerOptions;
import io.hawser.broker.Provider;
import io.hawser.broker.RequestFailed;
import io.hawser.broker.blocking.BlockingBroker;
import io.hawser.broker.blocking.BlockingConsumer;
import io.hawser.broker.blocking.BlockingProvider;
import io.hawser.broker.blocking.BlockingReply;
import io.hawser.tcp.Tcp;
import io.hawser.testkit.Memory;
import io.opentelemetry.api.OpenTelemetry;
import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.StatusCode;
import io.opentelemetry.api.trace.propagation.W3CTraceContextPropagator;
import io.opentelemetry.context.Context;
import io.opentelemetry.context.Scope;
import io.opentelemetry.context.propagation.ContextPropagators;
import io.opentelemetry.sdk.OpenTelemetrySdk;
import io.opentelemetry.sdk.testing.exporter.InMemorySpanExporter;
import io.opentelemetry.sdk.trace.ReadWriteSpan;
import io.opentelemetry.sdk.trace.ReadableSpan;
import io.opentelemetry.sdk.trace.SdkTracerProvider;
import io.opentelemetry.sdk.trace.SpanProcessor;
import io.opentelemetry.sdk.trace.data.SpanData;
import io.opentelemetry.sdk.trace.export.SimpleSpanProcessor;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Spans as Java has them. */
@Timeout(120)
class TracingFromJavaTest {
    private static final Duration LONG = Duration.ofMinutes(1);
    private final InMemorySpanExporter exporter = InMemorySpanExporter.create();

    /** As many as spans that the exporter has and nobody has waited for. */
    private final Semaphore ended = new Semaphore(0);

    private final OpenTelemetry openTelemetry = OpenTelemetrySdk.builder()
            .setTracerProvider(SdkTracerProvider.builder()
                    .addSpanProcessor(SimpleSpanProcessor.create(exporter))
                    .addSpanProcessor(new Counting())
                    .build())
            .setPropagators(ContextPropagators.create(W3CTraceContextPropagator.getInstance()))
            .build();

    private List<SpanData> spans(int count) throws InterruptedException {
        assertTrue(ended.tryAcquire(count, LONG.toMillis(), MILLISECONDS));
        List<SpanData> spans = exporter.getFinishedSpanItems();
        assertEquals(count, spans.size());
        return spans;
    }

    private SpanData span(String name) {
        return exporter.getFinishedSpanItems().stream()
                .filter(it -> it.getName().equals(name))
                .findFirst()
                .orElseThrow();
    }

    @Test
    @DisplayName("a handler that waits runs in a span, and so does a connect")
    void connections() throws Exception {
        try (BlockingServer server = Blocking.server(Tcp.server("127.0.0.1", 0))
                .start(BlockingTracing.tracedBlocking(openTelemetry, connection -> {
                    connection.writeLine(Span.current().getSpanContext().getSpanId());
                }))) {
            StreamClient client = ClientTracing.traced(Tcp.client("127.0.0.1", server.getPort()), openTelemetry);
            try (var connection = Blocking.client(client).connect()) {
                String current = connection.readLine();
                spans(2);
                assertEquals(current, span("serve").getSpanId());
                assertEquals(17L, span("serve").getAttributes().get(AttributeKey.longKey("hawser.bytes.written")));
            }
        }
    }

    @Test
    @DisplayName("a handler that waits for its peer when the server ends has not failed")
    void cut() throws Exception {
        for (boolean isWaiting : new boolean[] {true, false}) {
            exporter.reset();
            try (BlockingServer server = Blocking.server(Memory.server())
                            .start(BlockingTracing.tracedBlocking(openTelemetry, connection -> {
                                connection.writeLine("ready");
                                if (isWaiting) new CountDownLatch(1).await();
                                connection.readLine();
                            }));
                    var connection =
                            Blocking.client(Memory.client(server.unwrap())).connect()) {
                connection.readLine();
                server.close();
                assertEquals(StatusCode.UNSET, spans(1).get(0).getStatus().getStatusCode());
            }
        }
    }

    @Test
    @DisplayName("requests of threads are below the span of the thread, exchanges too, and answers below those")
    void requests() throws Exception {
        UUID upper = UUID.randomUUID();
        try (BlockingBroker broker = BlockingBroker.start(new Broker(Memory.server()))) {
            StreamClient client = Memory.client(broker.getEndpoint());
            ConsumerOptions options = ConsumerOptions.builder()
                    .observer(BrokerTracing.tracedRequests(openTelemetry))
                    .build();
            try (BlockingProvider provider = BlockingProvider.start(
                            new Provider(client, upper),
                            16,
                            BrokerTracing.tracedBlockingAnswers(openTelemetry, (request, responder) -> {
                                if (request.bytes(1).length == 0) throw responder.fail(400, "nothing to do");
                                responder.reply(Span.current()
                                        .getSpanContext()
                                        .getSpanId()
                                        .getBytes());
                            }));
                    BlockingConsumer consumer = BlockingConsumer.start(new Consumer(client, upper, options))) {
                provider.awaitRegistered(LONG);
                Span caller =
                        openTelemetry.getTracer("test").spanBuilder("caller").startSpan();
                try (Scope ignored = caller.makeCurrent()) {
                    byte[] answer = consumer.request(new byte[1], LONG);
                    spans(2);
                    assertArrayEquals(span("broker answer").getSpanId().getBytes(), answer);
                    assertEquals(
                            span("broker request").getSpanId(),
                            span("broker answer").getParentSpanId());
                    assertEquals(
                            caller.getSpanContext().getSpanId(),
                            span("broker request").getParentSpanId());
                    exporter.reset();
                    try (BlockingReply reply = consumer.exchange(Body.of(new byte[1]), LONG)) {
                        assertEquals(16, reply.getBody().readAllBytes().length);
                    }
                    spans(2);
                    assertEquals(
                            caller.getSpanContext().getSpanId(),
                            span("broker request").getParentSpanId());
                    exporter.reset();
                    assertThrows(RequestFailed.class, () -> consumer.request(new byte[0], LONG));
                    for (SpanData span : spans(2)) {
                        assertEquals("400", span.getAttributes().get(AttributeKey.stringKey("error.type")));
                    }
                }
            }
        }
    }

    /** Comes after the exporter. */
    private class Counting implements SpanProcessor {
        @Override
        public void onStart(Context parent, ReadWriteSpan span) {}

        @Override
        public boolean isStartRequired() {
            return false;
        }

        @Override
        public void onEnd(ReadableSpan span) {
            ended.release();
        }

        @Override
        public boolean isEndRequired() {
            return true;
        }
    }
}
