package io.hawser.samples.programs;

import io.hawser.Hawser;
import io.hawser.StreamClient;
import io.hawser.broker.Body;
import io.hawser.broker.Broker;
import io.hawser.broker.BrokerFailure;
import io.hawser.broker.ConsumerPool;
import io.hawser.broker.Provider;
import io.hawser.broker.ProviderOptions;
import io.hawser.broker.RequestFailed;
import io.hawser.broker.blocking.BlockingBroker;
import io.hawser.broker.blocking.BlockingConsumer;
import io.hawser.broker.blocking.BlockingProvider;
import io.hawser.broker.blocking.BlockingReply;
import io.hawser.broker.blocking.BlockingRequest;
import io.hawser.broker.blocking.BlockingResponder;
import java.io.BufferedOutputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;

/** The same in Java: pictures are made small by whoever of five has time, and nobody ever holds a whole one. */
public final class Thumbnails {
    private static final UUID THUMBNAILS = UUID.fromString("7d444840-9dc0-11d1-b245-5ffdce74fad2");
    private static final Duration SOON = Duration.ofSeconds(10);
    private static final int PROVIDERS = 5;
    private static final int PICTURES = 12;
    private static final int SMALLER = 8;
    private static final int NO_PICTURE = 415;

    private Thumbnails() {}

    public static void main(String[] args) throws IOException, InterruptedException {
        try (BlockingBroker broker = BlockingBroker.start(new Broker(Hawser.streamServer(args[0])))) {
            StreamClient client = Hawser.streamClient(broker.getEndpoint());
            // What has to wait waits at the broker, for whoever is free first.
            ProviderOptions options = ProviderOptions.builder().prefetch(0).build();
            List<BlockingProvider> providers = new ArrayList<>();
            for (int i = 0; i < PROVIDERS; i++)
                providers.add(BlockingProvider.start(new Provider(client, THUMBNAILS, options), 2, Thumbnails::shrink));
            for (BlockingProvider provider : providers) provider.awaitRegistered(SOON);
            try (BlockingConsumer pool = BlockingConsumer.start(new ConsumerPool(client, THUMBNAILS, 3))) {
                System.out.println("healthy: " + isHealthy(pool));
                ExecutorService threads = Executors.newFixedThreadPool(PICTURES);
                for (Path picture : draw(Path.of(args[1])))
                    threads.execute(() -> System.out.println(thumbnail(pool, picture)));
                threads.shutdown();
                threads.awaitTermination(1, TimeUnit.MINUTES);
                for (BlockingProvider provider : providers) provider.shutdown(SOON);
                System.out.println("healthy: " + isHealthy(pool));
            }
            broker.shutdown(SOON);
        }
    }

    /** For whoever watches over it: whether somebody is there to answer. No handler is troubled. */
    private static boolean isHealthy(BlockingConsumer pool) throws IOException, InterruptedException {
        try {
            pool.ping(SOON);
            return true;
        } catch (BrokerFailure e) {
            return false;
        }
    }

    /** Has a thumbnail of {@code picture} made beside it. */
    private static String thumbnail(BlockingConsumer pool, Path picture) {
        String name = "" + picture.getFileName();
        Path small = picture.resolveSibling("small-" + name);
        Map<String, String> headers = Map.of("smaller", "" + SMALLER);
        try (BlockingReply reply = pool.exchange(Body.of(picture), Duration.ofSeconds(30), headers, false);
                OutputStream out = Files.newOutputStream(small)) {
            long size = reply.getBody().transferTo(out);
            return name + ": " + Files.size(picture) + " bytes, " + size + " bytes";
        } catch (RequestFailed e) {
            return name + ": " + e.getReason();
        } catch (IOException | InterruptedException e) {
            return name + ": " + e;
        }
    }

    /** Answers with the thumbnail, each row as soon as it has come. */
    private static void shrink(BlockingRequest request, BlockingResponder responder)
            throws IOException, InterruptedException {
        int smaller = Integer.parseInt(request.getHeaders().getOrDefault("smaller", "1"));
        InputStream picture = request.getBody();
        if (!line(picture).equals("P6")) throw responder.fail(NO_PICTURE, "no picture");
        String[] size = line(picture).split(" ");
        int width = Integer.parseInt(size[0]);
        int height = Integer.parseInt(size[1]);
        line(picture);
        responder.send(header((width + smaller - 1) / smaller, (height + smaller - 1) / smaller));
        for (int y = 0; y < height; y++) {
            byte[] row = picture.readNBytes(3 * width);
            if (row.length < 3 * width) throw responder.fail(NO_PICTURE, "half a picture");
            if (y % smaller == 0) responder.send(everyOf(row, smaller));
        }
    }

    private static byte[] everyOf(byte[] row, int smaller) {
        ByteArrayOutputStream kept = new ByteArrayOutputStream();
        for (int at = 0; at < row.length; at += 3 * smaller) kept.write(row, at, 3);
        return kept.toByteArray();
    }

    /** What is longer is no line of a picture's header. */
    private static String line(InputStream picture) throws IOException {
        StringBuilder line = new StringBuilder();
        for (int next = picture.read(); next >= 0 && next != '\n' && line.length() < 20; next = picture.read())
            line.append((char) next);
        return line.toString();
    }

    private static byte[] header(int width, int height) {
        return ("P6\n" + width + " " + height + "\n255\n").getBytes(StandardCharsets.US_ASCII);
    }

    /** Draws some pictures, and one that is none. */
    private static List<Path> draw(Path folder) throws IOException {
        List<Path> pictures = new ArrayList<>();
        for (int i = 0; i < PICTURES; i++) {
            Path picture = folder.resolve(i + ".ppm");
            try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(picture))) {
                int width = 400 + i;
                int height = 300;
                out.write(header(width, height));
                for (int y = 0; y < height; y++)
                    for (int x = 0; x < width; x++) out.write(new byte[] {(byte) x, (byte) y, (byte) (x ^ y)});
            }
            pictures.add(picture);
        }
        pictures.add(Files.writeString(
                folder.resolve("notes.txt"), "a picture is worth a thousand words, which are not here"));
        return pictures;
    }
}
