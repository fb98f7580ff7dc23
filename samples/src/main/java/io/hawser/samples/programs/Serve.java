package io.hawser.samples.programs;

import io.hawser.Hawser;
import io.hawser.ServerOptions;
import io.hawser.StreamServer;
import io.hawser.event.ConnectionEvent;
import io.hawser.event.SocketEvent;
import kotlin.Unit;
import kotlin.coroutines.EmptyCoroutineContext;
import kotlinx.coroutines.BuildersKt;

/**
 * A server in Java that greets each guest and tells who comes and goes, until it is killed.
 *
 * <p>A handler of one call hands on its own continuation; what blocks belongs where {@code handlerContext} says.
 */
public final class Serve {
    private Serve() {}

    public static void main(String[] args) throws InterruptedException {
        ServerOptions options = ServerOptions.builder().onEvent(Serve::tell).build();
        StreamServer server = Hawser.streamServer(args.length > 0 ? args[0] : "tcp://127.0.0.1:9002", options);
        BuildersKt.runBlocking(
                EmptyCoroutineContext.INSTANCE,
                (scope, caller) -> server.serve(
                        running -> {
                            System.out.println("greets on " + running.getEndpoint());
                            return Unit.INSTANCE;
                        },
                        (inner, connection, handler) ->
                                connection.writeLine("good day, guest " + connection.getId(), handler),
                        caller));
    }

    private static void tell(SocketEvent event) {
        if (event instanceof ConnectionEvent.Opened opened) {
            System.out.println(opened.getId() + " opened");
        } else if (event instanceof ConnectionEvent.Closed closed) {
            System.out.println(closed.getId() + " closed: " + closed.getReason());
        }
    }
}
