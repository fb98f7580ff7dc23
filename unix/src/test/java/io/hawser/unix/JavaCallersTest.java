package io.hawser.unix;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.hawser.Attributes;
import io.hawser.Candidate;
import io.hawser.RunningServer;
import io.hawser.ServerOptions;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import kotlin.coroutines.Continuation;
import kotlin.coroutines.EmptyCoroutineContext;
import kotlinx.coroutines.BuildersKt;
import kotlinx.coroutines.GlobalScope;
import org.junit.jupiter.api.Test;

/** What Java sees of Unix sockets. */
class JavaCallersTest {
    @Test
    void describesTheFile() {
        SocketFile file =
                SocketFile.builder().permissions("rw-rw----").group("web").build();
        assertEquals(PosixFilePermissions.fromString("rw-rw----"), file.getPermissions());
        assertEquals("web", file.getGroup());
        assertNull(SocketFile.builder().build().getGroup());
        assertEquals(
                "unix:/run/a.sock",
                Unix.server(Path.of("/run/a.sock")).getEndpoint().toString());
        assertEquals("unix:@a", Unix.client("@a").getEndpoint().toString());
    }

    @Test
    void knowsItsPeer() throws Exception {
        Path folder = Files.createTempDirectory("hawser");
        Path path = folder.resolve("a.sock");
        ServerOptions options =
                ServerOptions.builder().admission(Peers.peerUid(uid())).build();
        RunningServer server = await(done -> Unix.server(
                        path, options, SocketFile.builder().build())
                .start(
                        GlobalScope.INSTANCE,
                        (scope, connection, end) -> connection.writeLine(
                                "uid " + Peers.getPeerCredentials(connection).getUid(), end),
                        done));
        assertEquals(UnixDomainSocketAddress.of(path), server.getAddress());
        String answer = await(done -> Unix.client(path)
                .once(
                        "x\n".getBytes(UTF_8),
                        Duration.ofSeconds(60),
                        (scope, connection, end) -> connection.readLine(100, end),
                        done));
        assertEquals("uid " + uid(), answer);
        await(done -> server.shutdown(Duration.ofSeconds(5), done));
        assertFalse(Files.exists(path));
        Files.delete(folder);
    }

    @Test
    void asksForUsers() {
        Attributes known = Attributes.none.with(PeerCredentials.attribute, new PeerCredentials(7, 8, null));
        UnixDomainSocketAddress unnamed = UnixDomainSocketAddress.of("");
        assertTrue(Peers.peerUid(6, 7).admits(new Candidate(unnamed, unnamed, known)));
        assertFalse(Peers.peerUid(8).admits(new Candidate(unnamed, unnamed, known)));
        assertEquals("@a", new AbstractAddress("a").toString());
    }

    private static long uid() throws Exception {
        return ((Integer) Files.getAttribute(Path.of("/proc/self"), "unix:uid")).longValue();
    }

    private interface Suspending<T> {
        Object call(Continuation<? super T> done);
    }

    private static <T> T await(Suspending<T> call) throws Exception {
        return BuildersKt.runBlocking(EmptyCoroutineContext.INSTANCE, (scope, done) -> call.call(done));
    }
}
