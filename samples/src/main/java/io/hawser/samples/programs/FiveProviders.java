package io.hawser.samples.programs;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.hawser.Hawser;
import io.hawser.StreamClient;
import io.hawser.broker.Broker;
import io.hawser.broker.ConsumerOptions;
import io.hawser.broker.ConsumerPool;
import io.hawser.broker.Provider;
import io.hawser.broker.ProviderOptions;
import io.hawser.broker.blocking.BlockingBroker;
import io.hawser.broker.blocking.BlockingConsumer;
import io.hawser.broker.blocking.BlockingProvider;
import io.hawser.broker.blocking.BlockingRequest;
import io.hawser.broker.blocking.BlockingResponder;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * The same in Java: five providers answer what a pool of consumers asks, one of them dies over a question, and whoever asks notices nothing.
 */
public final class FiveProviders {
    private static final UUID SQUARES = UUID.fromString("0f5f2d1e-6f1c-4f0b-9a58-7a7b3c1e2d40");
    private static final int PROVIDERS = 5;
    private static final int QUESTIONS = 20;
    private static final int UNLUCKY = 13;
    private static final Duration SOON = Duration.ofSeconds(30);

    private FiveProviders() {}

    public static void main(String[] args) throws IOException, InterruptedException, ExecutionException {
        String endpoint = args.length > 0 ? args[0] : "tcp://127.0.0.1:0";
        ExecutorService threads = Executors.newFixedThreadPool(QUESTIONS);
        List<BlockingProvider> providers = new ArrayList<>();
        try (BlockingBroker broker = BlockingBroker.start(new Broker(Hawser.streamServer(endpoint)))) {
            StreamClient client = Hawser.streamClient(broker.getEndpoint());
            ProviderOptions options = ProviderOptions.builder().prefetch(0).build();
            CompletableFuture<Integer> stuck = new CompletableFuture<>();
            for (int i = 0; i < PROVIDERS; i++) {
                int number = i;
                providers.add(BlockingProvider.start(
                        new Provider(client, SQUARES, options),
                        1,
                        (request, responder) -> answer(request, responder, number, stuck)));
            }
            for (BlockingProvider provider : providers) provider.awaitRegistered(SOON);
            CompletableFuture<Void> death = stuck.thenAcceptAsync(number -> {
                System.out.println("provider " + number + " dies over " + UNLUCKY);
                providers.get(number).close();
            });
            ConsumerOptions mayBeAskedTwice =
                    ConsumerOptions.builder().idempotent(true).build();
            try (BlockingConsumer pool =
                    BlockingConsumer.start(new ConsumerPool(client, SQUARES, 2, mayBeAskedTwice))) {
                List<Future<String>> answers = new ArrayList<>();
                for (int i = 0; i < QUESTIONS; i++) {
                    byte[] question = String.valueOf(i).getBytes(UTF_8);
                    answers.add(threads.submit(() -> new String(pool.request(question, SOON), UTF_8)));
                }
                for (Future<String> answer : answers) System.out.println(answer.get());
            }
            death.get();
            for (BlockingProvider provider : providers) provider.shutdown(SOON);
            broker.shutdown(SOON);
        } finally {
            providers.forEach(BlockingProvider::close);
            threads.shutdown();
        }
    }

    private static void answer(
            BlockingRequest request, BlockingResponder responder, int number, CompletableFuture<Integer> stuck)
            throws IOException, InterruptedException {
        int question = Integer.parseInt(new String(request.bytes(10), UTF_8));
        // It is interrupted when its provider is closed.
        if (question == UNLUCKY && stuck.complete(number)) new CountDownLatch(1).await();
        String text = question + " squared is " + question * question + ", says provider " + number;
        responder.reply(text.getBytes(UTF_8));
    }
}
