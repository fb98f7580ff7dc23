package io.hawser.tls;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.hawser.Candidate;
import io.hawser.Connection;
import io.hawser.Connections;
import io.hawser.Endpoint;
import io.hawser.RunningServer;
import io.hawser.ServerOptions;
import io.hawser.SocketFailure;
import io.hawser.StreamClient;
import io.hawser.StreamServer;
import io.hawser.tcp.Tcp;
import io.hawser.testkit.TestCertificates;
import java.io.IOException;
import java.io.OutputStream;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLContext;
import kotlin.Unit;
import kotlin.coroutines.Continuation;
import kotlin.coroutines.EmptyCoroutineContext;
import kotlinx.coroutines.BuildersKt;
import kotlinx.coroutines.GlobalScope;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What Java sees of the Kotlin types: builders, java.time, plain getters, checked exceptions. */
@Timeout(value = 120, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class JavaCallersTest {
    private static final TestCertificates certificates = TestCertificates.create("localhost", "127.0.0.1");
    private static final ServerTls SERVER =
            ServerTls.builder().identity(certificates.getServer()).build();
    private static final ClientTls CLIENT =
            ClientTls.builder().trust(certificates.getAuthority()).build();

    @TempDir
    Path folder;

    @Test
    void buildsOptionsAndReadsThemBack() throws Exception {
        certificates.writeTo(folder);
        ServerTls server = ServerTls.builder()
                .identity(folder.resolve("server.pem"), folder.resolve("server.key"))
                .identity(folder.resolve("server.pem"), folder.resolve("server.key"), null)
                .identity(TlsIdentity.of(certificates.getServer()))
                .clientAuth(ClientAuth.Optional)
                .refuseUnknownNames(true)
                .trust(folder.resolve("authority.pem"))
                .trust(certificates.getAuthority())
                .trustSystem()
                .alpn("echo/2", "echo/1")
                .versions(TlsVersion.TLS13)
                .suites("TLS_AES_128_GCM_SHA256")
                .sessionCache(1_000, Duration.ofHours(1))
                .acceptTruncation(true)
                .build();
        assertEquals(ClientAuth.Optional, server.getClientAuth());
        assertTrue(server.getRefuseUnknownNames());
        assertTrue(server.getAcceptTruncation());
        assertEquals(List.of("echo/2", "echo/1"), server.getAlpn());
        assertEquals(Set.of(TlsVersion.TLS13), server.getVersions());
        assertEquals(List.of("TLS_AES_128_GCM_SHA256"), server.getSuites());

        String pin = "sha256/" + "A".repeat(43) + "=";
        ClientTls client = ClientTls.builder()
                .conscrypt()
                .provider(SSLContext.getDefault().getProvider())
                .pin(pin)
                .build();
        assertEquals(Set.of(pin), client.getPins());
        assertNotNull(ClientTls.builder().context(SSLContext.getDefault()).build());
        assertTrue(ClientTls.insecureForTesting() != ClientTls.system());
    }

    @Test
    void isToldWhatCannotWork() {
        Path missing = folder.resolve("missing.pem");
        InvalidTlsConfiguration failure = assertThrows(
                InvalidTlsConfiguration.class, () -> ServerTls.builder().identity(missing, missing));
        assertEquals(missing, failure.getFile());
        IllegalArgumentException nobody = assertThrows(
                IllegalArgumentException.class, () -> ServerTls.builder().build());
        assertNull(assertInstanceOf(InvalidTlsConfiguration.class, nobody).getFile());
        assertThrows(IllegalArgumentException.class, () -> ServerTls.builder().sessionCache(0, Duration.ofSeconds(1)));
    }

    @Test
    void takesIdentitiesFromWhereverTheyAre() throws Exception {
        certificates.writeTo(folder);
        Path certificate = folder.resolve("server.pem");
        Path key = folder.resolve("server.key");
        char[] password = "secret".toCharArray();
        KeyStore store = KeyStore.getInstance("PKCS12");
        store.load(null, null);
        store.setEntry("server", certificates.getServer(), new KeyStore.PasswordProtection(password));
        Path file = folder.resolve("server.p12");
        try (OutputStream out = Files.newOutputStream(file)) {
            store.store(out, password);
        }
        BlockingQueue<TlsIdentityEvent> events = new LinkedBlockingQueue<>();
        TlsIdentityListener listener = events::add;
        for (TlsIdentity identity : List.of(
                TlsIdentity.of(certificates.getServer()),
                TlsIdentity.pem(certificate, key),
                TlsIdentity.pem(certificate, key, null),
                TlsIdentity.pkcs12(file, password),
                TlsIdentity.pkcs12(file, password, "server"),
                TlsIdentity.watching(certificate, key),
                TlsIdentity.watching(certificate, key, null),
                TlsIdentity.watching(certificate, key, null, listener),
                TlsIdentity.watching(certificate, key, null, Duration.ofMinutes(1)))) {
            ServerTls tls = ServerTls.builder().identity(identity).build();
            assertEquals("hello", exchange(tls, CLIENT, "localhost"));
        }
        assertNotNull(ServerTls.builder().identity(file, password).build());

        TlsIdentity watching = TlsIdentity.watching(certificate, key, null, Duration.ZERO, listener);
        KeyStore.PrivateKeyEntry next = certificates.server("localhost");
        TestCertificates.write(next, folder, "server");
        exchange(ServerTls.builder().identity(watching).build(), CLIENT, "localhost");
        TlsIdentityEvent.Reloaded event =
                assertInstanceOf(TlsIdentityEvent.Reloaded.class, events.poll(60, TimeUnit.SECONDS));
        BigInteger serial = assertInstanceOf(java.security.cert.X509Certificate.class, next.getCertificate())
                .getSerialNumber();
        assertEquals(serial, event.getSerial());
        assertEquals(certificate, event.getCertificate());
    }

    @Test
    void asksWhoCame() throws Exception {
        BlockingQueue<TlsSession> sessions = new LinkedBlockingQueue<>();
        ServerTls tls = ServerTls.builder()
                .identity(certificates.getServer())
                .clientAuth(ClientAuth.Required)
                .trust(certificates.getAuthority())
                .build();
        ServerOptions options = ServerOptions.builder()
                .admissionAfterHandshake((Candidate candidate) -> sessions.add(candidate.get(TlsSession.attribute)))
                .build();
        StreamServer server = Tls.tls(Tcp.server("127.0.0.1", 0, options), tls);
        ClientTls client = ClientTls.builder()
                .identity(certificates.getClient())
                .trust(certificates.getAuthority())
                .build();
        assertEquals("hello", exchange(server, running -> Tls.tls(clientOf(running), client, "localhost")));
        TlsSession session = sessions.poll(60, TimeUnit.SECONDS);
        assertNotNull(session);
        assertEquals("TLSv1.3", session.getProtocol());
        assertEquals("TLS_AES_128_GCM_SHA256", session.getSuite());
        assertEquals("localhost", session.getServerName());
        assertNull(session.getAlpn());
        assertEquals(
                certificates.getClient().getCertificate(),
                session.getPeerCertificates().get(0));
    }

    @Test
    void connectsByTheHost() throws Exception {
        StreamServer server = Tls.tls(Tcp.server("127.0.0.1", 0), SERVER);
        assertEquals("hello", exchange(server, running -> Tls.tls(clientOf(running), CLIENT)));
    }

    @Test
    void startsTlsOnAConnection() throws Exception {
        RunningServer server = await(done -> Tcp.server("127.0.0.1", 0)
                .start(
                        GlobalScope.INSTANCE,
                        (scope, connection, end) -> Tls.startTls(connection, SERVER, ignored(end)),
                        done));
        Connection plain = await(done -> clientOf(server).connect(done));
        Connection connection = await(done -> Tls.startTls(plain, CLIENT, "localhost", done));
        try (connection) {
            assertNotNull(Tls.getTlsSession(connection));
            assertThrows(
                    IllegalStateException.class, () -> await(done -> Tls.startTls(plain, CLIENT, "localhost", done)));
        }
        server.close();
        JavaCallersTest.<Unit>await(server::awaitClosed);
    }

    @Test
    void catchesWhatGoesWrongAsAnIOException() {
        IOException failure = assertThrows(IOException.class, () -> exchange(SERVER, CLIENT, "wrong.invalid"));
        assertInstanceOf(TlsFailure.class, assertInstanceOf(SocketFailure.class, failure));
        TlsHandshakeFailed handshake = assertInstanceOf(TlsHandshakeFailed.class, failure);
        assertEquals(TlsHandshakeFailed.Reason.WrongHost, handshake.getReason());
        assertEquals("127.0.0.1", ((Endpoint.Inet) handshake.getEndpoint()).getHost());
    }

    private static String exchange(ServerTls server, ClientTls client, String name) throws Exception {
        return exchange(
                Tls.tls(Tcp.server("127.0.0.1", 0), server), running -> Tls.tls(clientOf(running), client, name));
    }

    private static String exchange(StreamServer server, java.util.function.Function<RunningServer, StreamClient> client)
            throws Exception {
        RunningServer running = await(
                done -> server.start(GlobalScope.INSTANCE, (scope, connection, end) -> echo(connection, end), done));
        try {
            Connection connection = await(done -> client.apply(running).connect(done));
            try (connection) {
                JavaCallersTest.<Unit>await(done -> connection.write(ByteBuffer.wrap("hello\n".getBytes(UTF_8)), done));
                return await(done -> connection.readLine(100, done));
            }
        } finally {
            running.close();
            JavaCallersTest.<Unit>await(running::awaitClosed);
        }
    }

    private static StreamClient clientOf(RunningServer server) {
        return Tcp.client("127.0.0.1", server.getPort());
    }

    private static Object echo(Connection connection, Continuation<? super Unit> end) {
        return Connections.copyTo(connection, connection, ignored(end));
    }

    @SuppressWarnings("unchecked")
    private static <T> Continuation<T> ignored(Continuation<? super Unit> end) {
        return (Continuation<T>) (Continuation<?>) end;
    }

    private interface Suspending<T> {
        Object call(Continuation<? super T> done);
    }

    private static <T> T await(Suspending<T> call) throws Exception {
        return BuildersKt.runBlocking(EmptyCoroutineContext.INSTANCE, (scope, done) -> call.call(done));
    }
}
