package io.hawser.samples.programs;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.hawser.Hawser;
import io.hawser.SocketFailure;
import io.hawser.blocking.Blocking;
import io.hawser.blocking.BlockingClient;
import io.hawser.blocking.BlockingConnection;
import java.io.IOException;
import java.time.Duration;

/** One exchange from Java: connect, send a line, take a line, close, all of it within five seconds. */
public final class Ask {
    private Ask() {}

    public static void main(String[] args) throws IOException, InterruptedException {
        BlockingClient client =
                Blocking.client(Hawser.streamClient(args.length > 0 ? args[0] : "tcp://127.0.0.1:9002"));
        byte[] question = "hello from Java\n".getBytes(UTF_8);
        try {
            System.out.println(client.<String>once(question, Duration.ofSeconds(5), BlockingConnection::readLine));
        } catch (SocketFailure e) {
            System.out.println(e.getMessage());
        }
    }
}
