package io.hawser.blocking;

import io.hawser.reconnect.Decision;
import io.hawser.reconnect.LinkOptions;
import java.util.Objects;
import java.util.concurrent.Callable;
import kotlin.Unit;
import kotlin.coroutines.Continuation;

/** Options whose hooks wait on threads of their own. */
final class HookedOptions {
    private HookedOptions() {}

    /** {@code options} with {@code hooks} in place of its own, if there are any. */
    static LinkOptions of(LinkOptions options, LinkHooks hooks) {
        if (hooks == null) return options;
        return options.toBuilder()
                .onSocket((socket, done) -> run(() -> hooks.onSocket(socket), done))
                .onConnect((connection, done) -> run(() -> hooks.onConnect(new BlockingConnection(connection)), done))
                .onDisconnect(
                        (connection, done) -> run(() -> hooks.onDisconnect(new BlockingConnection(connection)), done))
                .onError((failure, decided) -> {
                    Callable<Decision> hook =
                            () -> Objects.requireNonNull(hooks.onError(failure), "onError has decided nothing");
                    return HandlerThreads.<Decision>run(HandlerThreads.context(), hook, decided);
                })
                .build();
    }

    @FunctionalInterface
    private interface Hook {
        void run() throws Exception;
    }

    private static Object run(Hook hook, Continuation<? super Unit> done) {
        return HandlerThreads.run(
                HandlerThreads.context(),
                () -> {
                    hook.run();
                    return Unit.INSTANCE;
                },
                done);
    }
}
