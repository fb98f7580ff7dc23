package io.hawser.samples.programs;

import io.hawser.Endpoint;
import io.hawser.Hawser;
import io.hawser.blocking.Blocking;
import io.hawser.blocking.BlockingConnection;
import io.hawser.blocking.BlockingLink;
import io.hawser.blocking.BlockingServer;
import io.hawser.blocking.LinkHooks;
import io.hawser.reconnect.Backoff;
import io.hawser.reconnect.DoNotReconnect;
import io.hawser.reconnect.LinkOptions;
import java.io.EOFException;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;

/** A subscriber in Java that stays connected while its server is started anew, and logs in each time. */
public final class ReconnectingSession {
    private static final String LAST = "last edition";

    private ReconnectingSession() {}

    public static void main(String[] args) throws IOException, InterruptedException {
        LinkOptions options = LinkOptions.builder()
                .backoff(Backoff.exponential(Duration.ofMillis(10), Duration.ofSeconds(1))
                        .jittered())
                .build();
        LinkHooks login = new LinkHooks() {
            @Override
            public void onConnect(BlockingConnection connection) throws Exception {
                connection.writeLine("me");
                String answer = connection.readLine();
                if (answer == null) throw new EOFException("the server has gone without a word");
                if (!answer.equals("welcome, me")) throw new DoNotReconnect("not welcome");
            }
        };
        BlockingQueue<String> seen = new LinkedBlockingQueue<>();
        Endpoint endpoint = Endpoint.parse(args.length > 0 ? args[0] : "tcp://127.0.0.1:0");
        try (BlockingServer first = serve(endpoint, "first edition");
                BlockingLink link = Blocking.link(Hawser.streamClient(first.getEndpoint()), options, login)
                        .start(connection -> read(connection, seen))) {
            System.out.println(seen.take());
            first.shutdown(Duration.ofSeconds(1));
            BlockingServer second = serve(first.getEndpoint(), LAST);
            try {
                while (!LAST.equals(seen.take())) continue;
                System.out.println(LAST);
                link.join();
            } finally {
                second.close();
            }
        }
        System.out.println("subscribed no more");
    }

    private static void read(BlockingConnection connection, BlockingQueue<String> seen) throws Exception {
        String news = connection.readLine();
        if (news == null) return;
        seen.add(news);
        if (LAST.equals(news)) throw new DoNotReconnect();
    }

    private static BlockingServer serve(Endpoint endpoint, String news) throws IOException, InterruptedException {
        return Blocking.server(Hawser.streamServer(endpoint)).start(connection -> {
            connection.writeLine("welcome, " + connection.readLine());
            connection.writeLine(news);
        });
    }
}
