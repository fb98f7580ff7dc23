package io.hawser.blocking;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.hawser.ConnectFailed;
import io.hawser.ConnectTimeout;
import io.hawser.reconnect.Backoff;
import io.hawser.reconnect.LinkOptions;
import io.hawser.reconnect.LinkState;
import io.hawser.reconnect.SendOutcome;
import io.hawser.testkit.junit.LeakCheckExtension;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** Links with futures. */
@Timeout(60)
@ExtendWith(LeakCheckExtension.class)
class AsyncLinkTest {
    @AutoClose
    private final LinkPeer peer = new LinkPeer();

    @Test
    void itStaysConnectedToAServerThatIsKilledAndStartedAgain() throws Exception {
        BlockingQueue<String> greetings = new LinkedBlockingQueue<>();
        try (AsyncLink link = Async.link(peer.client(), LinkPeer.eager())
                .start(connection -> connection.readLine().thenCompose(line -> {
                    greetings.add(line);
                    return connection.readLine();
                }))) {
            for (String greeting : List.of("one", "two")) {
                try (BlockingServer server = peer.greets(greeting)) {
                    assertEquals(greeting, greetings.take());
                    server.close();
                    server.awaitClosed();
                }
            }
            link.close();
            link.join().get();
            assertEquals(new LinkState.Stopped(null), link.getState());
        }
    }

    @Test
    void whoSendsAndWhoBorrowsHaveFutures() throws Exception {
        LinkHooks hooks = new LinkHooks() {
            @Override
            public void onConnect(BlockingConnection connection) throws Exception {
                assertEquals("hello", connection.readLine());
            }
        };
        CompletableFuture<Void> session = new CompletableFuture<>();
        try (BlockingServer server = peer.greets("hello");
                AsyncLink link =
                        Async.link(peer.client(), LinkPeer.eager(), hooks).start(connection -> session)) {
            AsyncConnection connection = link.awaitConnected(LinkPeer.LONG).get();
            assertEquals(
                    connection.getId(),
                    link.withConnection(LinkPeer.LONG, it -> CompletableFuture.completedFuture(it.getId()))
                            .get());
            assertEquals(SendOutcome.Sent, link.send("bye\n".getBytes(UTF_8)).get());
            connection.readLine().get();
            link.shutdown(Duration.ZERO).get();
            assertTrue(session.isCancelled());
        }
    }

    @Test
    void keepingIsAFutureToo() throws Exception {
        LinkOptions never = LinkOptions.builder().backoff(Backoff.never).build();
        CompletableFuture<Void> failed = Async.link(peer.client(), never).keep(connection -> null);
        assertInstanceOf(
                ConnectFailed.class,
                assertThrows(ExecutionException.class, failed::get).getCause());

        AsyncLink link = Async.link(peer.client(), LinkPeer.eager());
        CompletableFuture<Void> kept = link.keep(connection -> null);
        assertInstanceOf(
                ConnectTimeout.class,
                assertThrows(ExecutionException.class, link.awaitConnected(Duration.ofMillis(1))::get)
                        .getCause());
        kept.cancel(true);
        assertThrows(CancellationException.class, kept::join);
        assertInstanceOf(LinkState.Stopped.class, link.getState());
    }
}
