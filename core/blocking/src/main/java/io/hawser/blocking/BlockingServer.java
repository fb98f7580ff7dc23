package io.hawser.blocking;

import io.hawser.ConnectionInfo;
import io.hawser.RunningServer;
import io.hawser.ServerOptions;
import io.hawser.ServerTotals;
import io.hawser.StreamServer;
import java.io.IOException;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Executor;
import kotlin.Unit;
import kotlin.coroutines.CoroutineContext;
import kotlinx.coroutines.CoroutineScopeKt;
import kotlinx.coroutines.Dispatchers;
import kotlinx.coroutines.ExecutorsKt;

/** A {@link RunningServer} whose handlers run on threads where they may wait. It lives until it is closed or shut down. */
public final class BlockingServer extends BlockingServerHandle {
    private final RunningServer server;

    private BlockingServer(RunningServer server) {
        super(server);
        this.server = server;
    }

    /** The connections whose handler runs, as they are now. */
    public List<ConnectionInfo> getConnections() {
        return server.getConnections();
    }

    /** What it has done so far. */
    public ServerTotals getTotals() {
        return server.getTotals();
    }

    /** As {@link RunningServer#reload}. */
    public List<String> reload(ServerOptions options) {
        return server.reload(options);
    }

    /** The server that this one is of. */
    public RunningServer unwrap() {
        return server;
    }

    /** A server of connections that does not run yet. Immutable. */
    public static final class Starter {
        private final StreamServer server;
        private final Executor threads;

        Starter(StreamServer server, Executor threads) {
            this.server = server;
            this.threads = threads;
        }

        /**
         * The same with handlers on {@code threads}, one for each connection as long as it lasts. It has to run every task, on another thread, or reject
         * it with {@link java.util.concurrent.RejectedExecutionException}, which closes the connection. By default each handler has a virtual thread
         * where the JDK has them, else a daemon thread.
         */
        public Starter on(Executor threads) {
            return new Starter(server, Objects.requireNonNull(threads));
        }

        /**
         * Listens, and returns the running server as soon as clients can connect; {@code handler} is called for each.
         *
         * @throws io.hawser.BindFailed if the address cannot be had
         */
        public BlockingServer start(BlockingHandler handler) throws IOException, InterruptedException {
            Objects.requireNonNull(handler);
            CoroutineContext context = ExecutorsKt.from(threads);
            return new BlockingServer(Call.await(started -> server.start(
                    CoroutineScopeKt.CoroutineScope(Dispatchers.getDefault()),
                    (scope, connection, handled) -> HandlerThreads.run(
                            context,
                            () -> {
                                handler.handle(new BlockingConnection(connection));
                                return Unit.INSTANCE;
                            },
                            handled),
                    started)));
        }

        @Override
        public String toString() {
            return server.toString();
        }
    }
}
