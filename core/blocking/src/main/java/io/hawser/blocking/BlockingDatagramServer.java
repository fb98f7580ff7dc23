package io.hawser.blocking;

import io.hawser.DatagramServer;
import io.hawser.DatagramServerOptions;
import io.hawser.DatagramTotals;
import io.hawser.RunningDatagramServer;
import java.io.IOException;
import java.net.SocketAddress;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Executor;
import kotlin.Unit;
import kotlin.coroutines.CoroutineContext;
import kotlinx.coroutines.CoroutineScopeKt;
import kotlinx.coroutines.Dispatchers;
import kotlinx.coroutines.ExecutorsKt;

/** A {@link RunningDatagramServer} whose handlers run on threads where they may wait. It lives until it is closed or shut down. */
public final class BlockingDatagramServer extends BlockingServerHandle {
    private final RunningDatagramServer server;

    private BlockingDatagramServer(RunningDatagramServer server) {
        super(server);
        this.server = server;
    }

    /** What it has done so far. */
    public DatagramTotals getTotals() {
        return server.getTotals();
    }

    /** As {@link RunningDatagramServer#reload}. */
    public List<String> reload(DatagramServerOptions options) {
        return server.reload(options);
    }

    /** Sends {@code bytes} to {@code target} from the server's address, as one datagram. */
    public void send(byte[] bytes, SocketAddress target) throws IOException, InterruptedException {
        Call.await(it -> server.send(bytes, target, it));
    }

    /** The server that this one is of. */
    public RunningDatagramServer unwrap() {
        return server;
    }

    /** A server of datagrams that does not run yet. Immutable. */
    public static final class Starter {
        private final DatagramServer server;
        private final Executor threads;

        Starter(DatagramServer server, Executor threads) {
            this.server = server;
            this.threads = threads;
        }

        /**
         * The same with handlers on {@code threads}, one for each datagram as long as it lasts. It has to run every task, on another thread, or reject
         * it with {@link java.util.concurrent.RejectedExecutionException}, which is an event. By default each handler has a virtual thread
         * where the JDK has them, else a daemon thread.
         */
        public Starter on(Executor threads) {
            return new Starter(server, Objects.requireNonNull(threads));
        }

        /**
         * Listens, and returns the running server as soon as it receives; {@code handler} is called for each datagram.
         *
         * @throws io.hawser.BindFailed if the address cannot be had
         */
        public BlockingDatagramServer start(BlockingDatagramHandler handler) throws IOException, InterruptedException {
            Objects.requireNonNull(handler);
            CoroutineContext context = ExecutorsKt.from(threads);
            return new BlockingDatagramServer(Call.await(started -> server.start(
                    CoroutineScopeKt.CoroutineScope(Dispatchers.getDefault()),
                    (exchange, datagram, handled) -> HandlerThreads.run(
                            context,
                            () -> {
                                handler.handle(datagram, bytes -> Call.await(it -> exchange.reply(bytes, it)));
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
