package io.hawser.blocking;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.hawser.engine.EventLoop;
import io.hawser.engine.EventLoopGroup;
import io.hawser.reconnect.LinkState;
import io.hawser.testkit.junit.LeakCheckExtension;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** Interrupts, and threads that may not wait. */
@Timeout(60)
@ExtendWith(LeakCheckExtension.class)
class BlockingLinkInterruptTest {
    @AutoClose
    private final LinkPeer peer = new LinkPeer();

    @Test
    void anInterruptStopsWhatAThreadKeeps() throws Exception {
        Stuck stuck = new Stuck(Stuck.Place.SESSION);
        try (BlockingServer server = peer.greets("hello")) {
            BlockingLink link = Blocking.link(peer.client());
            try (Beside keeping = Beside.run(() -> assertThrows(InterruptedException.class, () -> link.keep(stuck)))) {
                stuck.reached.await();
                keeping.interrupt();
            }
            assertTrue(stuck.interrupted.get());
            assertInstanceOf(LinkState.Stopped.class, link.getState());
        }
    }

    @Test
    void anInterruptEndsACallThatWaitsAndNothingElse() throws Exception {
        try (BlockingLink link = Blocking.link(peer.client(), LinkPeer.eager()).start(BlockingConnection::readLine)) {
            List<Beside.Action> calls = List.of(
                    () -> link.awaitConnected(LinkPeer.LONG),
                    () -> link.withConnection(LinkPeer.LONG, connection -> connection.readLine()),
                    link::join);
            for (Beside.Action call : calls) {
                try (Beside waiting = Beside.run(() -> assertThrows(InterruptedException.class, call::run))) {
                    waiting.awaitWaiting();
                    waiting.interrupt();
                }
            }
            try (BlockingServer server = peer.greets("hello");
                    Beside using = Beside.run(() -> assertThrows(
                            InterruptedException.class,
                            () -> link.withConnection(LinkPeer.LONG, connection -> {
                                new CountDownLatch(1).await();
                                return null;
                            })))) {
                link.awaitConnected(LinkPeer.LONG);
                using.awaitWaiting();
                using.interrupt();
            }
            link.close();
            link.join();
        }
    }

    @Test
    void aCallOnALoopFailsAtOnce() throws Exception {
        EventLoop loop = EventLoopGroup.getShared().next();
        try (BlockingLink link = Blocking.link(peer.client())) {
            CompletableFuture<Void> done = new CompletableFuture<>();
            List<Beside.Action> calls = List.of(
                    () -> link.keep(connection -> {}),
                    () -> link.awaitConnected(LinkPeer.LONG),
                    () -> link.withConnection(LinkPeer.LONG, connection -> null),
                    () -> link.send(new byte[1]),
                    () -> link.shutdown(Duration.ZERO),
                    link::join);
            loop.dispatch(loop, () -> {
                try {
                    for (Beside.Action call : calls) assertThrows(IllegalStateException.class, call::run);
                    done.complete(null);
                } catch (Throwable e) {
                    done.completeExceptionally(e);
                }
            });
            done.get();
            assertEquals(LinkState.Idle.INSTANCE, link.getState());
        }
    }
}
