package io.hawser.tcp;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.hawser.ClientOptions;
import io.hawser.ConnectFailed;
import io.hawser.Connection;
import io.hawser.Connection_copyKt;
import io.hawser.Endpoint;
import io.hawser.RunningServer;
import io.hawser.ServerOptions;
import io.hawser.ShutdownReport;
import io.hawser.SocketFailure;
import io.hawser.engine.EventLoopGroup;
import io.hawser.engine.EventLoopOptions;
import io.hawser.event.ServerState;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.time.Duration;
import kotlin.Unit;
import kotlin.coroutines.Continuation;
import kotlin.coroutines.EmptyCoroutineContext;
import kotlinx.coroutines.BuildersKt;
import kotlinx.coroutines.GlobalScope;
import org.junit.jupiter.api.Test;

/** What Java sees of the Kotlin types: builders, java.time, plain getters, checked exceptions. */
class JavaCallersTest {
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
        return Connection_copyKt.copyTo(connection, connection, (Continuation<Long>) (Continuation<?>) end);
    }

    private interface Suspending<T> {
        Object call(Continuation<? super T> done);
    }

    private static <T> T await(Suspending<T> call) throws Exception {
        return BuildersKt.runBlocking(EmptyCoroutineContext.INSTANCE, (scope, done) -> call.call(done));
    }
}
