package io.hawser.blocking;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.hawser.HandshakeTimeout;
import io.hawser.SocketOptions;
import io.hawser.engine.EventLoop;
import io.hawser.reconnect.Backoff;
import io.hawser.reconnect.Decision;
import io.hawser.reconnect.LinkOptions;
import io.hawser.testkit.junit.LeakCheckExtension;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What hooks of a link do, where they may wait. */
@Timeout(60)
@ExtendWith(LeakCheckExtension.class)
class BlockingLinkHooksTest {
    @AutoClose
    private final LinkPeer peer = new LinkPeer();

    @Test
    void hooksComeInTheirOrderAndMayWait() throws Exception {
        List<String> log = new CopyOnWriteArrayList<>();
        LinkHooks hooks = new LinkHooks() {
            private void say(String what) {
                log.add(EventLoop.current() == null ? what : what + " on a loop");
            }

            @Override
            public void onSocket(SocketOptions.Builder socket) {
                say("socket");
                socket.noDelay(true);
            }

            @Override
            public void onConnect(BlockingConnection connection) throws Exception {
                say("connect: " + connection.readLine());
            }

            @Override
            public void onDisconnect(BlockingConnection connection) {
                say("disconnect: " + connection.isOpen());
            }

            @Override
            public Decision onError(Throwable failure) {
                say("error: " + failure.getMessage());
                return failure.getMessage().equals("second")
                        ? Decision.Stop.INSTANCE
                        : new Decision.RetryAfter(Duration.ZERO);
            }
        };
        BlockingQueue<String> failures = new LinkedBlockingQueue<>(List.of("first", "second"));
        try (BlockingServer server = peer.greets("hello");
                BlockingLink link = Blocking.link(peer.client(), LinkPeer.eager(), hooks)) {
            IOException failure = assertThrows(
                    IOException.class,
                    () -> link.keep(connection -> {
                        log.add("session: " + connection.isOpen());
                        throw new IOException(failures.take());
                    }));
            assertEquals("second", failure.getMessage());
            assertSame(failure, link.getCause());
        }
        List<String> cycle = List.of("socket", "connect: hello", "session: true", "disconnect: false");
        List<String> expected = new ArrayList<>(cycle);
        expected.add("error: first");
        expected.addAll(cycle);
        expected.add("error: second");
        assertEquals(expected, log);
    }

    @ParameterizedTest
    @EnumSource(
            value = Stuck.Place.class,
            names = {"CONNECT", "DISCONNECT"})
    void aHookThatTakesTooLongIsInterruptedAndHasFailed(Stuck.Place place) throws Exception {
        Stuck stuck = new Stuck(place);
        LinkOptions options = LinkOptions.builder()
                // A thread that begins too late does not get to the hook.
                .backoff(Backoff.of((failures, cause) -> stuck.reached.getCount() == 0 ? null : Duration.ZERO))
                .handshakeTimeout(Duration.ofMillis(50))
                .build();
        try (BlockingServer server = peer.greets("hello")) {
            BlockingLink link = Blocking.link(peer.client(), options, stuck);
            IOException failure = assertThrows(IOException.class, () -> link.keep(connection -> {}));
            assertTrue(stuck.interrupted.get());
            assertInstanceOf(HandshakeTimeout.class, failure);
        }
    }

    @Test
    void reloadedOptionsKeepTheHooks() throws Exception {
        BlockingQueue<Throwable> failures = new LinkedBlockingQueue<>();
        LinkHooks hooks = new LinkHooks() {
            @Override
            public Decision onError(Throwable failure) {
                failures.add(failure);
                return Decision.Retry.INSTANCE;
            }
        };
        BlockingLink link =
                Blocking.link(peer.client(), LinkPeer.eager(), hooks).start(connection -> {});
        failures.take();
        link.reload(LinkOptions.builder().backoff(Backoff.never).build());
        link.join();
        assertSame(Backoff.never, link.getOptions().getBackoff());
        assertTrue(failures.contains(link.getCause()));
    }

    @Test
    void nothingIsLeftOfAConnectionThatAHookRefusedWhenTheLinkHasStopped() throws Exception {
        AtomicReference<BlockingConnection> refused = new AtomicReference<>();
        LinkHooks refusing = new LinkHooks() {
            @Override
            public void onConnect(BlockingConnection connection) throws IOException {
                refused.set(connection);
                throw new IOException("not this one");
            }
        };
        LinkOptions once = LinkOptions.builder().backoff(Backoff.never).build();
        try (BlockingServer server = peer.greets("hello")) {
            for (int round = 0; round < 200; round++) {
                assertThrows(
                        IOException.class,
                        () -> Blocking.link(peer.client(), once, refusing).keep(connection -> {}));
                assertTrue(Async.call(refused.get().unwrap()::awaitClosed).isDone());
            }
        }
    }
}
