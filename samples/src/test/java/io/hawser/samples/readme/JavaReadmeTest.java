package io.hawser.samples.readme;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.hawser.ConnectFailed;
import io.hawser.Connection;
import io.hawser.ServerOptions;
import io.hawser.blocking.Blocking;
import io.hawser.blocking.BlockingConnection;
import io.hawser.blocking.BlockingHandler;
import io.hawser.blocking.BlockingLink;
import io.hawser.blocking.BlockingServer;
import io.hawser.framing.LengthPrefix;
import io.hawser.tcp.Tcp;
import io.hawser.testkit.Memory;
import io.hawser.testkit.TestCertificates;
import io.hawser.testkit.junit.LeakCheckExtension;
import io.hawser.tls.ClientTls;
import io.hawser.tls.ServerTls;
import io.hawser.tls.Tls;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** What the page for Java shows runs; it has a twin of each piece of Kotlin in the guide. */
@Timeout(120)
@ExtendWith(LeakCheckExtension.class)
class JavaReadmeTest {
    /** The native library and its loop come with their first use, and stay. */
    @BeforeAll
    static void startTheLibrary(@TempDir Path folder) throws Exception {
        JavaTour.unixDatagrams(folder.resolve("first.sock"));
    }

    private static List<String> pieces(String file, String language) throws Exception {
        Matcher matcher = Pattern.compile("```" + language + "\n(.*?)```", Pattern.DOTALL)
                .matcher(Files.readString(Path.of(file)));
        List<String> found = new ArrayList<>();
        while (matcher.find()) found.add(matcher.group(1));
        return found;
    }

    @Test
    void eachPieceHasATwin() throws Exception {
        // The page begins with a program of its own. Of a server for tests the guide itself has both; time that passes
        // by itself, and a queue for those who must not wait, are for coroutines, not for threads.
        List<String> java = pieces("../core/blocking/README.md", "java");
        java.removeIf(piece -> piece.startsWith("import "));
        int twins = java.size() + pieces("../core/GUIDE.md", "java").size();
        assertEquals(pieces("../core/GUIDE.md", "kotlin").size() - 2, twins);
    }

    @Test
    void theFirstServerAndTheFirstClientUnderstandEachOther() throws Exception {
        BlockingServer server = JavaTour.echo();
        assertEquals("hello", JavaTour.hello(server.getPort()));
        JavaTour.end(server);
        assertThrows(ConnectFailed.class, () -> JavaTour.hello(server.getPort()));
    }

    @Test
    void aProxyThatMisbehaves() throws Exception {
        try (BlockingServer server = JavaTour.echo()) {
            JavaTour.behindAProxy(server);
        }
    }

    @Test
    void optionsNamesAndExchanges() throws Exception {
        ServerOptions options = JavaTour.options(Set.of(new InetSocketAddress("127.0.0.1", 9)));
        assertEquals(10_000, options.getMaxConnections());
        assertEquals("by name", JavaTour.byName());
        try (BlockingServer server = Blocking.server(Tcp.server("127.0.0.1", 0))
                .start(connection -> connection.writeLine("fine, " + connection.readLine()))) {
            assertEquals("fine, status", JavaTour.once("127.0.0.1", server.getPort()));
        }
    }

    @Test
    void aLinkSubscribesAgainWithAServerThatWasStartedAgain() throws Exception {
        BlockingHandler publisher = connection -> {
            connection.writeLine("news for " + connection.readLine());
            connection.copyTo(connection);
        };
        BlockingQueue<String> news = new LinkedBlockingQueue<>();
        BlockingServer first = Blocking.server(Tcp.server("127.0.0.1", 0)).start(publisher);
        try (BlockingLink link = JavaTour.stayConnected(first.getPort(), news)) {
            assertEquals("news for me", news.take());
            assertEquals("subscribe", news.take());
            first.close();
            first.awaitClosed();
            try (BlockingServer second =
                    Blocking.server(Tcp.server("127.0.0.1", first.getPort())).start(publisher)) {
                assertEquals("news for me", news.take());
                link.shutdown(Duration.ZERO);
            }
        }
    }

    @Test
    void pool() throws Exception {
        try (BlockingServer server =
                Blocking.server(Tcp.server("127.0.0.1", 0)).start(connection -> connection.copyTo(connection))) {
            assertEquals("status", JavaTour.pool(server.getPort()));
        }
    }

    @Test
    void frames() throws Exception {
        kotlin.Pair<Connection, Connection> ends = Memory.pair();
        try (BlockingConnection near = Blocking.connection(ends.getFirst());
                BlockingConnection far = Blocking.connection(ends.getSecond())) {
            JavaTour.numbers(near);
            for (String number : List.of("1", "2", "3")) assertEquals(number, far.readLine());
            near.framed(new LengthPrefix(4, 1 << 20)).send(new byte[] {1, 2});
            near.shutdownOutput();
            JavaTour.frames(far);
            assertArrayEquals(
                    new byte[] {1, 2}, near.framed(new LengthPrefix(4, 1 << 20)).receive());
        }
    }

    @Test
    void unixSockets(@TempDir Path folder) throws Exception {
        assertTrue(JavaTour.unix(folder.resolve("a.sock")).startsWith("uid "));
        assertEquals("status", JavaTour.unixDatagrams(folder.resolve("b.sock")).getText());
        assertEquals("status", JavaTour.datagrams().getText());
    }

    @Test
    void tls(@TempDir Path folder) throws Exception {
        TestCertificates certificates = TestCertificates.create("localhost");
        certificates.writeTo(folder);
        Path authority = folder.resolve("authority.pem");
        Path certificate = folder.resolve("server.pem");
        Path key = folder.resolve("server.key");
        assertEquals("secret", JavaTour.tls(certificate, key, authority));
        ClientTls guest = ClientTls.builder()
                .trust(authority)
                .identity(folder.resolve("client.pem"), folder.resolve("client.key"))
                .alpn("greeting/1")
                .build();
        try (BlockingServer server = JavaTour.mutualTls(certificate, key, authority);
                BlockingConnection connection = Blocking.client(
                                Tls.tls(Tcp.client("localhost", server.getPort()), guest))
                        .connect()) {
            assertTrue(connection.readLine().startsWith("good day, CN="));
            assertNull(connection.readLine());
        }
    }

    @Test
    void startTls() throws Exception {
        TestCertificates certificates = TestCertificates.create("localhost");
        ServerTls serverTls =
                ServerTls.builder().identity(certificates.getServer()).build();
        ClientTls clientTls =
                ClientTls.builder().trust(certificates.getAuthority()).build();
        try (BlockingServer server = Blocking.server(Tcp.server("127.0.0.1", 0)).start(plain -> {
                    plain.readLine();
                    plain.writeLine("go ahead");
                    Connection upgraded = Blocking.await(it -> Tls.startTls(plain.unwrap(), serverTls, it));
                    BlockingConnection secure = Blocking.connection(upgraded);
                    secure.writeLine(secure.readLine());
                });
                BlockingConnection plain = Blocking.client(Tcp.client("localhost", server.getPort()))
                        .connect()) {
            assertEquals("secret", JavaTour.upgrade(plain, clientTls));
        }
    }
}
