package io.hawser.tcp;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.concurrent.TimeUnit.SECONDS;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.hawser.Admission;
import io.hawser.Attribute;
import io.hawser.Attributes;
import io.hawser.Candidate;
import io.hawser.ClientOptions;
import io.hawser.ConnectFailed;
import io.hawser.Connection;
import io.hawser.Connections;
import io.hawser.Endpoint;
import io.hawser.OnDrain;
import io.hawser.ReloadableAdmission;
import io.hawser.RunningServer;
import io.hawser.ServerOptions;
import io.hawser.ShutdownReport;
import io.hawser.SocketFailure;
import io.hawser.SocketOptions;
import io.hawser.WhenFull;
import io.hawser.engine.EventLoopGroup;
import io.hawser.engine.EventLoopOptions;
import io.hawser.event.ConnectionEvent;
import io.hawser.event.ServerEvent;
import io.hawser.event.ServerState;
import io.hawser.event.SocketEvent;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.StandardProtocolFamily;
import java.net.StandardSocketOptions;
import java.time.Duration;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import kotlin.Unit;
import kotlin.coroutines.Continuation;
import kotlin.coroutines.EmptyCoroutineContext;
import kotlinx.coroutines.BuildersKt;
import kotlinx.coroutines.GlobalScope;
import org.junit.jupiter.api.Test;

/** What Java sees of the Kotlin types: builders, java.time, plain getters, checked exceptions. */
class JavaCallersTest {
    private static final Attribute<String> NAME = new Attribute<>("name");

    @Test
    void buildsOptionsAndReadsThemBack() {
        ClientOptions client =
                ClientOptions.builder().connectTimeout(Duration.ofSeconds(3)).build();
        assertEquals(Duration.ofSeconds(3), client.getConnectTimeout());
        assertThrows(
                IllegalArgumentException.class,
                () -> ServerOptions.builder().backlog(0).build());
        assertEquals(
                "tcp://127.0.0.1:9002",
                Tcp.client("127.0.0.1", 9002, client).getEndpoint().toString());
    }

    @Test
    void describesAWholeServer() {
        ReloadableAdmission admission =
                new ReloadableAdmission(Admission.allow("127.0.0.0/8").and(Admission.deny("127.0.0.9")));
        SocketOptions socket = SocketOptions.builder()
                .noDelay(true)
                .keepAlive(true)
                .keepAliveIdle(Duration.ofSeconds(60))
                .keepAliveInterval(Duration.ofSeconds(10))
                .keepAliveCount(3)
                .linger(null)
                .receiveBuffer(65_536)
                .sendBuffer(65_536)
                .reuseAddress(true)
                .reusePort(false)
                .family(StandardProtocolFamily.INET)
                .beforeBind(channel -> channel.setOption(StandardSocketOptions.SO_RCVBUF, 65_536))
                .beforeConnect(channel -> {})
                .afterAccept(channel -> {})
                .build();
        ServerOptions options = ServerOptions.builder()
                .idleTimeout(Duration.ofSeconds(60))
                .readTimeout(Duration.ofSeconds(30))
                .writeTimeout(Duration.ofSeconds(5))
                .handshakeTimeout(Duration.ofSeconds(2))
                .closeTimeout(Duration.ofSeconds(3))
                .socket(socket)
                .onEvent(event -> {})
                .maxConnections(10_000)
                .maxConnectionsPerHost(100)
                .whenFull(WhenFull.Pause)
                .acceptRate(1_000)
                .admission(admission)
                .admissionAfterHandshake(candidate -> candidate.get(NAME) == null)
                .onDrain(OnDrain.EndInput)
                .handlerContext(EmptyCoroutineContext.INSTANCE)
                .backlog(64)
                .build();
        assertEquals(Duration.ofSeconds(60), options.getIdleTimeout());
        assertEquals(Duration.ofSeconds(3), options.getCloseTimeout());
        assertEquals(10_000, options.getMaxConnections());
        assertEquals(Duration.ofSeconds(10), options.getSocket().getKeepAliveInterval());
        assertEquals(1, options.getListeners().size());
        assertNull(ClientOptions.builder().idleTimeout(null).build().getIdleTimeout());
        assertEquals(
                Duration.ofMillis(250),
                ClientOptions.builder()
                        .attemptDelay(Duration.ofMillis(250))
                        .build()
                        .getAttemptDelay());
        Candidate candidate = new Candidate(
                new InetSocketAddress("127.0.0.1", 1), new InetSocketAddress("127.0.0.9", 2), Attributes.none);
        assertFalse(options.getAdmission().admits(candidate));
        admission.setRule(Admission.everyone);
        assertTrue(options.getAdmission().admits(candidate));
        IllegalArgumentException wrong = assertThrows(
                IllegalArgumentException.class,
                () -> SocketOptions.builder().keepAliveCount(3).build());
        assertTrue(wrong.getMessage().contains("keepAliveCount=3"));
    }

    @Test
    void exchangesOnceAndIsToldOfEvents() throws Exception {
        BlockingQueue<SocketEvent> events = new LinkedBlockingQueue<>();
        ServerOptions options = ServerOptions.builder().onEvent(events::add).build();
        RunningServer server = await(done -> Tcp.server("127.0.0.1", 0, options)
                .start(GlobalScope.INSTANCE, (scope, connection, end) -> echo(connection, end), done));
        String answer = await(done -> Tcp.client("127.0.0.1", server.getPort())
                .once(
                        "status\n".getBytes(UTF_8),
                        Duration.ofSeconds(60),
                        (scope, connection, end) -> connection.readLine(100, end),
                        done));
        assertEquals("status", answer);
        server.close();
        assertInstanceOf(ServerEvent.Listening.class, events.poll(60, SECONDS));
        ConnectionEvent.Opened opened = assertInstanceOf(ConnectionEvent.Opened.class, events.poll(60, SECONDS));
        assertEquals(server.getAddress(), opened.getLocal());
        JavaCallersTest.<Unit>await(server::awaitClosed);
        assertEquals(1, server.getTotals().getAccepted());
    }

    @Test
    void startsAndStopsAServer() throws Exception {
        EventLoopOptions options = EventLoopOptions.builder()
                .loops(1)
                .spin(Duration.ZERO)
                .blockedAfter(Duration.ofSeconds(1))
                .name("java")
                .build();
        try (EventLoopGroup group = new EventLoopGroup(options)) {
            ServerOptions serverOptions =
                    ServerOptions.builder().backlog(64).group(group).build();
            RunningServer server = await(done -> Tcp.server("127.0.0.1", 0, serverOptions)
                    .start(GlobalScope.INSTANCE, (scope, connection, end) -> echo(connection, end), done));
            assertInstanceOf(ServerState.Listening.class, server.getState().getValue());
            assertEquals(
                    "tcp://127.0.0.1:" + server.getPort(), server.getEndpoint().toString());
            try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.getPort())) {
                socket.getOutputStream().write("hello".getBytes(UTF_8));
                assertArrayEquals(
                        "hello".getBytes(UTF_8), socket.getInputStream().readNBytes(5));
                assertEquals(1, server.getConnections().size());
                assertNotNull(server.getConnections().get(0).getAge());
            }
            ShutdownReport report = await(done -> server.shutdown(Duration.ofSeconds(5), done));
            assertEquals(0, report.getCut());
        }
    }

    @Test
    void catchesWhatGoesWrongAsAnIOException() {
        Endpoint.Inet nobody = (Endpoint.Inet) Endpoint.parse("127.0.0.1:1");
        IOException failure = assertThrows(
                IOException.class,
                () -> await(
                        done -> Tcp.client(nobody.getHost(), nobody.getPort()).connect(done)));
        assertInstanceOf(SocketFailure.class, failure);
        assertEquals(nobody, assertInstanceOf(ConnectFailed.class, failure).getEndpoint());
    }

    @SuppressWarnings("unchecked")
    private static Object echo(Connection connection, Continuation<? super Unit> end) {
        return Connections.copyTo(connection, connection, (Continuation<Long>) (Continuation<?>) end);
    }

    private interface Suspending<T> {
        Object call(Continuation<? super T> done);
    }

    private static <T> T await(Suspending<T> call) throws Exception {
        return BuildersKt.runBlocking(EmptyCoroutineContext.INSTANCE, (scope, done) -> call.call(done));
    }
}
