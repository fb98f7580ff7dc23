package io.hawser.testkit;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.hawser.DatagramExchange;
import io.hawser.RunningDatagramServer;
import io.hawser.testkit.junit.ServerExtension;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.Socket;
import java.time.Duration;
import kotlin.Unit;
import kotlin.coroutines.Continuation;
import kotlin.coroutines.EmptyCoroutineContext;
import kotlinx.coroutines.BuildersKt;
import kotlinx.coroutines.GlobalScope;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** What Java sees of faults, and of other people's programs. */
class JavaCallersTest {
    @RegisterExtension
    static final ServerExtension echo = ServerExtension.of(Memory.server(), (in, out) -> in.transferTo(out));

    @Test
    void putsAProxyBeforeAServer() throws Exception {
        FaultProxy faults = FaultProxy.to(Memory.client(echo.getServer()), 42);
        try (RunningFaultProxy proxy = await(done -> faults.start(GlobalScope.INSTANCE, done));
                Socket socket = new Socket("127.0.0.1", proxy.getPort())) {
            proxy.setLatency(Duration.ofMillis(2));
            proxy.setJitter(Duration.ofMillis(2));
            proxy.setSliceTo(1);
            socket.getOutputStream().write("slowly".getBytes(UTF_8));
            assertEquals("slowly", new String(socket.getInputStream().readNBytes(6), UTF_8));
            proxy.setOnConnect(OnConnect.Close);
            try (Socket unwanted = new Socket("127.0.0.1", proxy.getPort())) {
                assertEquals(-1, unwanted.getInputStream().read());
            }
            proxy.endToClient();
            assertEquals(-1, socket.getInputStream().read());
            proxy.resetAll();
            assertThrows(IOException.class, () -> {
                while (true) socket.getOutputStream().write(1);
            });
        }
    }

    @Test
    void putsAProxyBeforeAServerOfDatagrams() throws Exception {
        RunningDatagramServer server = await(done -> MemoryDatagram.server()
                .start(
                        GlobalScope.INSTANCE,
                        (exchange, datagram, end) -> reply(exchange, datagram.getBytes(), end),
                        done));
        DatagramFaultProxy faults =
                DatagramFaultProxy.to(MemoryDatagram.client(server.getEndpoint()), 1, Duration.ofSeconds(10));
        try (server;
                RunningDatagramFaultProxy proxy = await(done -> faults.start(GlobalScope.INSTANCE, done));
                DatagramSocket socket = new DatagramSocket()) {
            socket.setSoTimeout(60_000);
            proxy.setLatency(Duration.ofMillis(2));
            proxy.setDuplicate(1);
            byte[] sent = "hello".getBytes(UTF_8);
            socket.send(new DatagramPacket(sent, sent.length, proxy.getAddress()));
            for (int i = 0; i < 4; i++) {
                DatagramPacket received = new DatagramPacket(new byte[5], 5);
                socket.receive(received);
                assertArrayEquals(sent, received.getData());
            }
            assertEquals(3, proxy.getTotals().getDuplicated());
        }
    }

    @Test
    void switchesTheFaultsOfALayer() {
        Faults late = Faults.builder()
                .latency(Duration.ofMillis(1))
                .jitter(Duration.ofMillis(1))
                .seed(7)
                .build();
        FaultLayer layer = new FaultLayer();
        layer.setInput(late);
        assertEquals(late, layer.getInput());
        assertThrows(IllegalArgumentException.class, () -> layer.setOutput(late));
        layer.resetAll();
    }

    @Test
    void runsAProgram() throws Exception {
        try (Program program = Program.start("sh", "-c", "read x; echo got $x")) {
            program.say("it\n");
            assertEquals(
                    "got it\n",
                    JavaCallersTest.<kotlin.Pair<String, Integer>>await(program::finish)
                            .getFirst());
        }
    }

    @SuppressWarnings("unchecked")
    private static Object reply(DatagramExchange exchange, byte[] bytes, Continuation<? super Unit> end) {
        return exchange.reply(bytes, (Continuation<Boolean>) (Continuation<?>) end);
    }

    private interface Suspending<T> {
        Object call(Continuation<? super T> done);
    }

    private static <T> T await(Suspending<T> call) throws Exception {
        return BuildersKt.runBlocking(EmptyCoroutineContext.INSTANCE, (scope, done) -> call.call(done));
    }
}
