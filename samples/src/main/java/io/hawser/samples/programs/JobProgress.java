package io.hawser.samples.programs;

import io.hawser.Hawser;
import io.hawser.messaging.BlockingHub;
import io.hawser.messaging.BlockingHubClient;
import io.hawser.messaging.HubClient;
import io.hawser.messaging.HubOptions;
import io.hawser.messaging.Message;
import io.hawser.messaging.MessageHub;
import io.hawser.messaging.MessageType;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestOutputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;

/** The same job in Java, and the same watcher: each can be watched by either. */
public final class JobProgress {
    private static final String EVENT = "job";
    private static final String DONE = "done";
    private static final int BAR = 20;

    /** A line that wraps could not be written over. */
    private static final int LINE = 79;

    private JobProgress() {}

    public static void main(String[] args) throws IOException, InterruptedException {
        if (args[0].equals("watch")) watch(args[1]);
        else work(args[1], List.of(args).subList(2, args.length));
    }

    private static void work(String endpoint, List<String> files) throws IOException, InterruptedException {
        HubOptions options = HubOptions.builder().replay(1).build();
        try (BlockingHub hub = BlockingHub.start(new MessageHub(Hawser.streamServer(endpoint), EVENT, options))) {
            System.out.println("works on " + hub.getEndpoint());
            int step = 0;
            try {
                for (String file : files) {
                    tell(hub, step, files, "at work", MessageType.DATA);
                    System.out.println(checksum(file) + "  " + file);
                    step++;
                }
                tell(hub, step, files, DONE, MessageType.DATA);
            } catch (IOException e) {
                System.out.println("failed: " + e);
                tell(hub, step, files, "failed: " + e, MessageType.ERROR);
            }
            hub.shutdown(Duration.ofSeconds(5));
        }
    }

    private static void tell(BlockingHub hub, int step, List<String> files, String status, MessageType type)
            throws IOException, InterruptedException {
        String name = step < files.size() ? files.get(step) : "";
        hub.broadcast(Map.of("step", step, "of", files.size(), "name", name, "status", status), type);
    }

    private static String checksum(String file) throws IOException {
        try (InputStream in = Files.newInputStream(Path.of(file))) {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            in.transferTo(new DigestOutputStream(OutputStream.nullOutputStream(), digest));
            return HexFormat.of().formatHex(digest.digest());
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    private static void watch(String endpoint) throws IOException, InterruptedException {
        try (BlockingHubClient client = BlockingHubClient.start(new HubClient(Hawser.streamClient(endpoint), EVENT))) {
            Message message;
            do {
                message = client.receive(Duration.ofDays(1));
                draw(message);
            } while (message.getType() != MessageType.ERROR
                    && !DONE.equals(message.getData().get("status")));
            System.out.println();
        }
    }

    /** Over what was drawn before. */
    private static void draw(Message message) {
        Map<String, Object> data = message.getData();
        long step = (Long) data.get("step");
        long of = (Long) data.get("of");
        String bar = "#".repeat((int) (step * BAR / Math.max(of, 1)));
        String line = "[%-" + BAR + "s] %d/%d %s %s";
        String text = line.formatted(bar, step, of, data.get("name"), data.get("status"))
                .replaceAll("[\\p{Cntrl}\\x{80}-\\x{9f}\\x{2028}-\\x{202e}\\x{2066}-\\x{2069}]", "");
        System.out.printf("\r%-" + LINE + "." + LINE + "s", text);
        System.out.flush();
    }
}
