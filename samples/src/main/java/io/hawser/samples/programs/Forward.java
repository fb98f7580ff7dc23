package io.hawser.samples.programs;

import io.hawser.ClientOptions;
import io.hawser.Connections;
import io.hawser.Hawser;
import io.hawser.StreamClient;
import io.hawser.StreamServer;
import java.time.Duration;
import kotlin.Unit;
import kotlin.coroutines.EmptyCoroutineContext;
import kotlinx.coroutines.BuildersKt;

/** A proxy in Java: has each connection to the first endpoint meet one of its own to the second. */
public final class Forward {
    private Forward() {}

    public static void main(String[] args) throws InterruptedException {
        StreamServer server = Hawser.streamServer(args[0]);
        ClientOptions options =
                ClientOptions.builder().connectTimeout(Duration.ofSeconds(3)).build();
        StreamClient target = Hawser.streamClient(args[1], options);
        BuildersKt.runBlocking(
                EmptyCoroutineContext.INSTANCE,
                (scope, caller) -> server.serve(
                        running -> {
                            System.out.println("stands in on " + running.getEndpoint());
                            return Unit.INSTANCE;
                        },
                        (inner, near, handler) -> target.connect(
                                (other, far, relaying) -> Connections.relay(near, far, relaying), handler),
                        caller));
    }
}
