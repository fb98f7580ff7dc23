package io.hawser.testkit;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.concurrent.TimeUnit.SECONDS;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectClass;

import io.hawser.Endpoint;
import io.hawser.RunningServer;
import io.hawser.StreamServer;
import io.hawser.event.ConnectionEvent;
import io.hawser.testkit.junit.DatagramServerExtension;
import io.hawser.testkit.junit.LeakCheckExtension;
import io.hawser.testkit.junit.ServerExtension;
import java.io.IOException;
import java.net.Socket;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.parallel.Isolated;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.launcher.TestExecutionListener;
import org.junit.platform.launcher.TestIdentifier;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;

/** What the extensions of JUnit 5 do for tests in Java, and to those that leave something behind. */
@Isolated
class JUnitExtensionsTest {
    private static final List<AutoCloseable> LEFT_BEHIND = new ArrayList<>();
    private static final List<RunningServer> SERVERS = new ArrayList<>();
    private static final StreamServer MEMORY = Memory.server(Endpoint.parse("memory:always-the-same"));
    private static Path folder;

    @RegisterExtension
    static final ServerExtension echo = ServerExtension.of(LoopbackServer.create(), (in, out) -> in.transferTo(out));

    @RegisterExtension
    static final DatagramServerExtension answers =
            DatagramServerExtension.of(MemoryDatagram.server(), datagram -> datagram.getBytes());

    @Test
    void servesAndTellsWhatHappened() throws IOException {
        try (Socket socket = new Socket("127.0.0.1", echo.getPort())) {
            socket.getOutputStream().write("hello".getBytes(UTF_8));
            socket.shutdownOutput();
            assertArrayEquals("hello".getBytes(UTF_8), socket.getInputStream().readAllBytes());
        }
        ConnectionEvent.Closed closed = echo.getEvents().within(Duration.ofSeconds(10), ConnectionEvent.Closed.class);
        assertEquals(echo.getServer().getAddress(), closed.getLocal());
        echo.getEvents().within(Duration.ofSeconds(10), event -> event instanceof ConnectionEvent.HandlerStarted);
        AssertionError missing = assertThrows(
                AssertionError.class,
                () -> echo.getEvents().within(Duration.ofMillis(10), ConnectionEvent.Dialing.class));
        assertTrue(missing.getMessage().startsWith("no ConnectionEvent.Dialing within 10ms"), missing::getMessage);
    }

    @Test
    void answersDatagrams() {
        assertTrue(answers.getEndpoint().toString().startsWith("memory:"));
        assertEquals(1, answers.getServer().getConnectionCount().getValue());
    }

    @Test
    void failsWhatLeavesSomethingBehind() throws Exception {
        Map<String, TestExecutionResult> results = run(Leaking.class);
        assertTrue(message(results, "leavesAConnectionOpen()").contains("left behind"));
        assertTrue(message(results, "leavesASocketOpen()").contains("socket:["));
        assertEquals(
                TestExecutionResult.Status.SUCCESSFUL,
                results.get("leavesNothing()").getStatus());
    }

    @Test
    void failsWhatAHandlerAssertsInVain() throws Exception {
        Map<String, TestExecutionResult> results = run(Asserting.class);
        assertEquals("not right: wrong", message(results, "isAnsweredInVain()"));
    }

    @Test
    void checksTestsWithoutAServerToo() throws Exception {
        Map<String, TestExecutionResult> results = run(Checked.class);
        assertTrue(message(results, "leavesASocketOpen()").contains("socket:["));
        assertEquals(
                TestExecutionResult.Status.SUCCESSFUL,
                results.get("leavesNothing()").getStatus());
    }

    @Test
    void runsAServerForEachTestOrForAll() throws Exception {
        SERVERS.clear();
        run(ForEach.class);
        assertEquals(2, SERVERS.stream().distinct().count());
        SERVERS.clear();
        run(ForAll.class);
        assertEquals(3, SERVERS.size());
        assertEquals(1, SERVERS.stream().distinct().count());
    }

    @Test
    void givesAServerAFolderThatGoesWithIt() throws Exception {
        assertEquals(
                TestExecutionResult.Status.SUCCESSFUL,
                run(InFolder.class).get("hasAFolder()").getStatus());
        assertTrue(Files.notExists(folder));
    }

    @Test
    void tellsWhatATestLeavesBehindBeforeWhatItsServerDoes() throws Exception {
        Map<String, TestExecutionResult> results = run(ForEachLeaking.class);
        assertTrue(message(results, "leavesASocketOpen()").contains("socket:["));
        assertEquals(
                1,
                results.get("leavesASocketOpen()").getThrowable().orElseThrow().getSuppressed().length);
    }

    @Test
    void looksForRestOncePerClass() throws Exception {
        Map<String, TestExecutionResult> results = run(Restless.class, Impatience.withoutRest());
        assertEquals(
                TestExecutionResult.Status.SUCCESSFUL, results.get("spins()").getStatus());
        assertTrue(message(results, "JUnitExtensionsTest$Restless").startsWith("the threads do not come to rest"));
    }

    @Test
    void addsNothingToATestThatDidNotBegin() throws Exception {
        Throwable failure =
                run(NotBegun.class).get("doesNotBegin()").getThrowable().orElseThrow();
        assertEquals("before", failure.getMessage());
        assertEquals(0, failure.getSuppressed().length);
    }

    @Test
    void startsNoServerForAThreadThatIsInterrupted() throws Exception {
        TestExecutionResult interrupted = run(Interrupted.class).get("JUnitExtensionsTest$Interrupted");
        assertInstanceOf(InterruptedException.class, interrupted.getThrowable().orElseThrow());
        assertNameIsFree();
    }

    @Test
    void leavesNoServerBehindWhenItsStartIsInterrupted() throws Exception {
        TestExecutionResult interrupted =
                run(InterruptedWhileItStarts.class).get("JUnitExtensionsTest$InterruptedWhileItStarts");
        assertInstanceOf(InterruptedException.class, interrupted.getThrowable().orElseThrow());
        assertNameIsFree();
    }

    @Test
    void waitsForItsServerToBeGoneAlsoWhenItIsInterrupted() throws Exception {
        run(InterruptedAtItsEnd.class);
        assertTrue(InterruptedAtItsEnd.isGone);
    }

    private static void assertNameIsFree() throws Exception {
        assertEquals(
                TestExecutionResult.Status.SUCCESSFUL,
                run(NotInterrupted.class).get("hasTheNameToItself()").getStatus());
    }

    @Test
    void servesMoreThanTheCoroutineLibraryHasThreadsFor() throws Exception {
        Map<String, TestExecutionResult> results = run(Crowded.class);
        assertEquals(
                TestExecutionResult.Status.SUCCESSFUL,
                results.get("allAreServedAtOnce()").getStatus());
    }

    static class Leaking {
        @RegisterExtension
        static final ServerExtension server =
                ServerExtension.of(LoopbackServer.create(), (in, out) -> in.transferTo(out));

        @Test
        void leavesAConnectionOpen() throws IOException {
            LEFT_BEHIND.add(new Socket("127.0.0.1", server.getPort()));
        }

        @Test
        void leavesASocketOpen() throws IOException {
            LEFT_BEHIND.add(SocketChannel.open());
        }

        @Test
        void leavesNothing() throws IOException {
            new Socket("127.0.0.1", server.getPort()).close();
        }
    }

    static class Asserting {
        @RegisterExtension
        static final ServerExtension server = ServerExtension.of(LoopbackServer.create(), (in, out) -> {
            String received = new String(in.readAllBytes(), UTF_8);
            if (!received.equals("right")) throw new AssertionError("not right: " + received);
        });

        @Test
        void isAnsweredInVain() throws IOException {
            try (Socket socket = new Socket("127.0.0.1", server.getPort())) {
                socket.getOutputStream().write("wrong".getBytes(UTF_8));
                socket.shutdownOutput();
                assertEquals(-1, socket.getInputStream().read());
            }
        }
    }

    @ExtendWith(LeakCheckExtension.class)
    static class Checked {
        @Test
        void leavesASocketOpen() throws IOException {
            LEFT_BEHIND.add(SocketChannel.open());
        }

        @Test
        void leavesNothing() {}
    }

    static class ForEach {
        @RegisterExtension
        final ServerExtension server = ServerExtension.of(Memory.server(), (in, out) -> {});

        @Test
        void one() {
            SERVERS.add(server.getServer());
        }

        @Test
        void other() {
            SERVERS.add(server.getServer());
        }
    }

    static class ForAll {
        @RegisterExtension
        static final ServerExtension server = ServerExtension.of(Memory.server(), (in, out) -> {});

        @Test
        void one() {
            SERVERS.add(server.getServer());
        }

        @Test
        void other() {
            SERVERS.add(server.getServer());
        }

        @Nested
        class Inside {
            @Test
            void third() {
                SERVERS.add(server.getServer());
            }
        }
    }

    static class ForEachLeaking {
        @RegisterExtension
        final ServerExtension server = ServerExtension.of(Memory.server(), (in, out) -> {});

        @Test
        void leavesASocketOpen() throws IOException {
            LEFT_BEHIND.add(SocketChannel.open());
        }
    }

    static class Restless {
        @RegisterExtension
        final ServerExtension server = ServerExtension.of(Memory.server(), (in, out) -> {});

        @Test
        void spins() {
            AtomicBoolean spins = new AtomicBoolean(true);
            LEFT_BEHIND.add(() -> spins.set(false));
            // A machine that is busy elsewhere may give one of them no time.
            for (int i = 0; i < 8; i++) {
                Thread spinning = new Thread(() -> {
                    while (spins.get()) Thread.onSpinWait();
                });
                spinning.setName("ForkJoinPool, as it is called");
                spinning.start();
            }
        }
    }

    static class NotBegun {
        @RegisterExtension
        static final BeforeEachCallback failing = context -> {
            throw new IllegalStateException("before");
        };

        @RegisterExtension
        final ServerExtension server = ServerExtension.of(Memory.server(), (in, out) -> {});

        @Test
        void doesNotBegin() {}
    }

    static class Interrupted {
        @Order(1)
        @RegisterExtension
        static final BeforeAllCallback interrupting =
                context -> Thread.currentThread().interrupt();

        @Order(2)
        @RegisterExtension
        static final ServerExtension server = ServerExtension.of(MEMORY, (in, out) -> {});

        @Test
        void doesNotBegin() {}
    }

    static class InterruptedWhileItStarts {
        private static final Thread starting = Thread.currentThread();

        @RegisterExtension
        static final ServerExtension server = ServerExtension.inFolder(
                path -> {
                    starting.interrupt();
                    while (starting.isInterrupted()) Thread.onSpinWait();
                    return MEMORY;
                },
                (in, out) -> {});

        @Test
        void doesNotBegin() {}
    }

    static class InterruptedAtItsEnd {
        private static boolean isGone;

        @Order(1)
        @RegisterExtension
        static final AfterAllCallback looking = context -> isGone = Files.notExists(folder);

        @Order(2)
        @RegisterExtension
        static final ServerExtension server = ServerExtension.inFolder(
                path -> {
                    folder = path;
                    return MEMORY;
                },
                (in, out) -> {});

        @Order(3)
        @RegisterExtension
        static final AfterAllCallback interrupting =
                context -> Thread.currentThread().interrupt();

        @Test
        void hasAFolder() {
            assertTrue(Files.isDirectory(folder));
        }
    }

    static class NotInterrupted {
        @RegisterExtension
        static final ServerExtension server = ServerExtension.of(MEMORY, (in, out) -> {});

        @Test
        void hasTheNameToItself() {}
    }

    static class Crowded {
        private static final int CROWD = 65;
        private static final CyclicBarrier together = new CyclicBarrier(CROWD);

        @RegisterExtension
        static final ServerExtension server = ServerExtension.of(LoopbackServer.create(), (in, out) -> {
            together.await(10, SECONDS);
            out.write(1);
        });

        @Test
        void allAreServedAtOnce() throws IOException {
            List<Socket> sockets = new ArrayList<>();
            try {
                for (int i = 0; i < CROWD; i++) sockets.add(new Socket("127.0.0.1", server.getPort()));
                for (Socket socket : sockets)
                    assertEquals(1, socket.getInputStream().read());
            } finally {
                for (Socket socket : sockets) socket.close();
            }
        }
    }

    static class InFolder {
        @RegisterExtension
        static final ServerExtension server = ServerExtension.inFolder(
                path -> {
                    folder = path;
                    return Memory.server();
                },
                (in, out) -> {});

        @Test
        void hasAFolder() {
            assertTrue(Files.isDirectory(folder));
        }
    }

    private static String message(Map<String, TestExecutionResult> results, String test) {
        return assertInstanceOf(
                        AssertionError.class, results.get(test).getThrowable().orElseThrow())
                .getMessage();
    }

    /** What comes of {@code type} and of its tests, by name. */
    private static Map<String, TestExecutionResult> run(Class<?> type) throws Exception {
        return run(type, Impatience.begin());
    }

    private static Map<String, TestExecutionResult> run(Class<?> type, AutoCloseable impatience) throws Exception {
        Map<String, TestExecutionResult> results = new TreeMap<>();
        TestExecutionListener listener = new TestExecutionListener() {
            @Override
            public void executionFinished(TestIdentifier test, TestExecutionResult result) {
                results.put(test.getDisplayName(), result);
            }
        };
        try (impatience) {
            LauncherFactory.create()
                    .execute(
                            LauncherDiscoveryRequestBuilder.request()
                                    .selectors(selectClass(type))
                                    .build(),
                            listener);
        } finally {
            Thread.interrupted();
            for (AutoCloseable left : LEFT_BEHIND) left.close();
            LEFT_BEHIND.clear();
        }
        return results;
    }
}
