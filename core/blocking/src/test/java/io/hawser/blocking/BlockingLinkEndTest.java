package io.hawser.blocking;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.hawser.reconnect.Backoff;
import io.hawser.reconnect.DoNotReconnect;
import io.hawser.reconnect.LinkOptions;
import io.hawser.reconnect.LinkState;
import io.hawser.reconnect.LinkStopped;
import io.hawser.testkit.junit.LeakCheckExtension;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Links end when they are told to, wherever they are. */
@Timeout(60)
@ExtendWith(LeakCheckExtension.class)
class BlockingLinkEndTest {
    @AutoClose
    private final LinkPeer peer = new LinkPeer();

    private BlockingLink stuck(Stuck stuck) throws InterruptedException {
        LinkOptions options =
                LinkPeer.eager().toBuilder().handshakeTimeout(null).build();
        BlockingLink link = Blocking.link(peer.client(), options, stuck).start(stuck);
        stuck.reached.await();
        return link;
    }

    @ParameterizedTest
    @EnumSource(
            value = Stuck.Place.class,
            names = {"SOCKET", "CONNECT", "SESSION", "ERROR"})
    void aCloseInterruptsItInASessionAndInEachHook(Stuck.Place place) throws Exception {
        Stuck stuck = new Stuck(place);
        try (BlockingServer server = peer.greets("hello")) {
            BlockingLink link = stuck(stuck);
            link.close();
            link.join();
            assertTrue(stuck.interrupted.get());
            assertEquals(new LinkState.Stopped(null), link.getState());
        }
    }

    @Test
    void aCloseLetsTheLastHookEnd() throws Exception {
        Stuck stuck = new Stuck(Stuck.Place.DISCONNECT);
        try (BlockingServer server = peer.greets("hello")) {
            BlockingLink link = stuck(stuck);
            link.close();
            try (Beside joining = Beside.run(link::join)) {
                joining.awaitWaiting();
                assertFalse(link.getState() instanceof LinkState.Stopped);
                stuck.mayGo.countDown();
            }
            assertFalse(stuck.interrupted.get());
            assertEquals(new LinkState.Stopped(null), link.getState());
        }
    }

    @Test
    void aCloseEndsADialThatNobodyAnswers() throws Exception {
        try (ServerSocket full = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            List<SocketChannel> queue = new ArrayList<>();
            try {
                // More than its backlog takes: who comes then is not even answered.
                for (int i = 0; i < 8; i++) {
                    SocketChannel channel = SocketChannel.open();
                    queue.add(channel);
                    channel.configureBlocking(false);
                    channel.connect(new InetSocketAddress(full.getInetAddress(), full.getLocalPort()));
                }
                LinkOptions patient = LinkOptions.builder().dialTimeout(null).build();
                BlockingLink link =
                        Blocking.link(peer.client(full.getLocalPort()), patient).start(connection -> {});
                peer.awaitDialing();
                try (Beside joining = Beside.run(link::join)) {
                    joining.awaitWaiting();
                    link.close();
                }
                assertEquals(new LinkState.Stopped(null), link.getState());
            } finally {
                for (SocketChannel channel : queue) channel.close();
            }
        }
    }

    @Test
    void aCloseEndsAWait() throws Exception {
        LinkOptions patient = LinkOptions.builder()
                .backoff(Backoff.constant(Duration.ofHours(1)))
                .build();
        BlockingLink link = Blocking.link(peer.client(), patient);
        try (Beside keeping = Beside.run(() -> link.keep(connection -> {}))) {
            peer.awaitWaiting();
            link.close();
        }
        assertEquals(new LinkState.Stopped(null), link.getState());
    }

    @Test
    void aSessionThatIsCutMayStillWishForNoMore() throws Exception {
        LinkOptions brief = LinkOptions.builder()
                .backoff(Backoff.immediate)
                .handshakeTimeout(Duration.ofMillis(50))
                .build();
        try (BlockingServer server = peer.greets("hello")) {
            BlockingLink link = Blocking.link(peer.client(), brief);
            link.keep(connection -> {
                connection.close();
                // It waits for something else, and is interrupted.
                assertThrows(InterruptedException.class, () -> new CountDownLatch(1).await());
                throw new DoNotReconnect();
            });
            assertEquals(new LinkState.Stopped(null), link.getState());
        }
    }

    @Test
    void aSessionCanCloseItsLink() throws Exception {
        try (BlockingServer server = peer.greets("hello")) {
            BlockingLink link = Blocking.link(peer.client());
            link.keep(connection -> link.close());
            BlockingLink other = Blocking.link(peer.client());
            other.keep(connection -> assertThrows(InterruptedException.class, () -> other.shutdown(Duration.ZERO)));
            assertEquals(new LinkState.Stopped(null), other.getState());
        }
    }

    @Test
    void oneThatWasClosedCannotBeStarted() throws Exception {
        BlockingLink link = Blocking.link(peer.client());
        link.close();
        link.join();
        assertThrows(IllegalStateException.class, () -> link.start(connection -> {}));
        assertThrows(LinkStopped.class, () -> link.awaitConnected(LinkPeer.LONG));
    }
}
