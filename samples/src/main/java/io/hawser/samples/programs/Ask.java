package io.hawser.samples.programs;

import io.hawser.Hawser;
import io.hawser.SocketFailure;
import io.hawser.StreamClient;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import kotlin.coroutines.EmptyCoroutineContext;
import kotlinx.coroutines.BuildersKt;

/**
 * One exchange from Java: connect, send a line, take a line, close, all of it within five seconds.
 *
 * <p>A suspend function has one more parameter in Java, its continuation; {@code runBlocking} brings one, and each call is handed on the one
 * it is called with.
 */
public final class Ask {
    private static final int LONGEST_ANSWER = 1024;

    private Ask() {}

    public static void main(String[] args) throws InterruptedException {
        StreamClient client = Hawser.streamClient(args.length > 0 ? args[0] : "tcp://127.0.0.1:9002");
        byte[] question = "hello from Java\n".getBytes(StandardCharsets.UTF_8);
        try {
            System.out.println(exchange(client, question));
        } catch (SocketFailure e) {
            System.out.println(e.getMessage());
        }
    }

    private static String exchange(StreamClient client, byte[] question) throws SocketFailure, InterruptedException {
        return BuildersKt.runBlocking(
                EmptyCoroutineContext.INSTANCE,
                (scope, caller) -> client.once(
                        question,
                        Duration.ofSeconds(5),
                        (inner, connection, handler) -> connection.readLine(LONGEST_ANSWER, handler),
                        caller));
    }
}
