package io.hawser.samples.programs;

import io.hawser.Hawser;
import io.hawser.ServerOptions;
import io.hawser.blocking.Blocking;
import io.hawser.blocking.BlockingConnection;
import io.hawser.blocking.BlockingFramed;
import io.hawser.blocking.BlockingServer;
import io.hawser.framing.Lines;
import java.io.IOException;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;

/**
 * A chat in Java: whatever line somebody says, everybody else gets.
 *
 * <p>A guest has two threads, one that reads and one that writes what is in his queue of a hundred lines: nobody waits for a slow reader, and
 * who falls behind further misses some. What is in it when he has said all is still sent, and then the connection closes.
 */
public final class Chat {
    /** The last in a queue, told from a line that reads the same by being this very string. */
    private static final String END = new String("the end");

    private final Map<Long, BlockingQueue<String>> queues = new ConcurrentHashMap<>();

    private Chat() {}

    public static void main(String[] args) throws IOException, InterruptedException {
        String endpoint = args.length > 0 ? args[0] : "tcp://127.0.0.1:9004";
        ServerOptions options =
                ServerOptions.builder().writeTimeout(Duration.ofSeconds(30)).build();
        try (BlockingServer server =
                Blocking.server(Hawser.streamServer(endpoint, options)).start(new Chat()::serve)) {
            System.out.println("chats on " + server.getEndpoint());
            server.awaitClosed();
        }
    }

    private void serve(BlockingConnection guest) throws IOException, InterruptedException {
        String name = "guest " + guest.getId();
        BlockingQueue<String> queue = new ArrayBlockingQueue<>(100);
        BlockingFramed<String> lines = guest.framed(new Lines(1024));
        Thread writer = new Thread(() -> write(queue, guest, lines), "to " + name);
        queue.add("welcome, " + name + "; there are " + (queues.size() + 1) + " of us");
        queues.put(guest.getId(), queue);
        tellOthers(guest, name + " comes in");
        writer.start();
        try {
            for (String line = lines.receive(); line != null; line = lines.receive())
                tellOthers(guest, name + ": " + line);
        } finally {
            queues.remove(guest.getId());
            tellOthers(guest, name + " is gone");
            while (!queue.offer(END)) queue.poll();
        }
        writer.join();
    }

    private void tellOthers(BlockingConnection guest, String line) {
        queues.forEach((id, queue) -> {
            if (id != guest.getId()) queue.offer(line);
        });
    }

    private static void write(BlockingQueue<String> queue, BlockingConnection guest, BlockingFramed<String> lines) {
        try {
            for (String line = queue.take(); line != END; line = queue.take()) lines.send(line);
        } catch (IOException | InterruptedException e) {
            // He is gone; who reads from him finds that out now.
            guest.close();
        }
    }
}
