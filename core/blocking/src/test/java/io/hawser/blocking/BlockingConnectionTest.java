package io.hawser.blocking;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.hawser.CloseReason;
import io.hawser.ConnectionClosed;
import io.hawser.FrameTooLarge;
import io.hawser.UnexpectedEnd;
import io.hawser.framing.LengthPrefix;
import io.hawser.testkit.Memory;
import io.hawser.testkit.junit.LeakCheckExtension;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** What a connection does for one thread, and for several. */
@Timeout(60)
@ExtendWith(LeakCheckExtension.class)
class BlockingConnectionTest {
    private final kotlin.Pair<io.hawser.Connection, io.hawser.Connection> ends = Memory.pair(1024);
    private final BlockingConnection near = Blocking.connection(ends.getFirst());
    private final BlockingConnection far = Blocking.connection(ends.getSecond());

    @AfterEach
    void close() {
        near.close();
        far.close();
    }

    @Test
    void linesBytesAndBuffersArriveInOrder() throws Exception {
        near.writeLine("one");
        near.write("two\n3456789".getBytes(UTF_8));
        near.write(ByteBuffer.wrap("ab".getBytes(UTF_8)), ByteBuffer.wrap("cd".getBytes(UTF_8)));
        assertEquals("one", far.readLine());
        assertEquals("two", far.readLine(16));
        assertArrayEquals("345".getBytes(UTF_8), far.readExactly(3));
        byte[] room = new byte[10];
        assertEquals(2, far.read(room, 4, 2));
        assertEquals("67", new String(room, 4, 2, UTF_8));
        assertEquals(6, far.read(ByteBuffer.allocate(100)));
        assertEquals(17, near.getBytesWritten() - "one\n".length() + 2);
    }

    @Test
    void theEndIsMinusOneForEver() throws Exception {
        near.shutdownOutput();
        assertEquals(-1, far.read(new byte[1]));
        assertEquals(-1, far.read(ByteBuffer.allocate(1)));
        assertNull(far.readLine());
        assertEquals(-1, far.getInputStream().read());
        far.writeLine("an answer");
        assertEquals("an answer", near.readLine());
    }

    @Test
    void streamsAreThoseOfJava() throws Exception {
        try (OutputStream out = near.getOutputStream()) {
            out.write('h');
            out.write("ello\nwörld\n".getBytes(UTF_8));
            out.flush();
        }
        assertFalse(near.isOpen());
        BufferedReader reader = new BufferedReader(new InputStreamReader(far.getInputStream(), UTF_8));
        assertEquals(List.of("hello", "wörld"), reader.lines().toList());
        assertThrows(IndexOutOfBoundsException.class, () -> far.getInputStream().read(new byte[1], 0, 2));
        assertEquals(0, far.getInputStream().read(new byte[0]));
    }

    @Test
    void aWriteThatIsLargerThanWhatFitsWaitsForTheReader() throws Exception {
        byte[] sent = new byte[1 << 20];
        for (int i = 0; i < sent.length; i++) sent[i] = (byte) (i * 31);
        try (Beside writer = Beside.run(() -> {
            near.write(sent);
            near.close();
        })) {
            assertArrayEquals(sent, far.getInputStream().readAllBytes());
        }
    }

    @Test
    void framesAreWhole() throws Exception {
        BlockingFramed<byte[]> sender = near.framed(new LengthPrefix(2));
        BlockingFramed<byte[]> receiver = far.framed(new LengthPrefix(2));
        sender.send("frame".getBytes(UTF_8));
        sender.sendAll(List.of(new byte[0], new byte[] {7}));
        assertEquals("frame", new String(receiver.receive(), UTF_8));
        assertEquals(0, receiver.receive().length);
        assertArrayEquals(new byte[] {7}, receiver.receive(Duration.ofSeconds(30)));
        CallTimeout late = assertThrows(CallTimeout.class, () -> receiver.receive(Duration.ofMillis(1)));
        assertEquals("receiving a frame from " + far.getEndpoint() + " took longer than 1 ms", late.getMessage());
        near.close();
        assertNull(receiver.receive());
    }

    @Test
    void whatFailsIsWhatConnectionsFailWith() throws Exception {
        near.write("half a line".getBytes(UTF_8));
        assertThrows(FrameTooLarge.class, () -> far.readLine(4));
        near.shutdownOutput();
        assertThrows(UnexpectedEnd.class, far::readLine);
        assertThrows(IllegalStateException.class, () -> near.writeLine("after the end"));
        far.close();
        assertThrows(ConnectionClosed.class, () -> far.read(new byte[1]));
        assertEquals(CloseReason.Peer.INSTANCE, far.getCloseReason());
        assertThrows(IllegalArgumentException.class, () -> near.read(new byte[1], Duration.ZERO));
        assertThrows(IllegalArgumentException.class, () -> near.read(new byte[0]));
    }

    @Test
    void aReadWithATimeoutLosesNothing() throws Exception {
        CallTimeout late = assertThrows(CallTimeout.class, () -> far.readLine(Duration.ofMillis(1)));
        assertEquals("reading a line from " + far.getEndpoint() + " took longer than 1 ms", late.getMessage());
        assertEquals(Duration.ofMillis(1), late.getTimeout());
        assertSame(far.getEndpoint(), late.getEndpoint());
        near.write("half a ".getBytes(UTF_8));
        far.awaitReadable();
        assertThrows(CallTimeout.class, () -> far.readLine(Duration.ofMillis(1)));
        assertThrows(CallTimeout.class, () -> far.readExactly(100, Duration.ofMillis(1)));
        near.writeLine("line");
        assertEquals("half a line", far.readLine(Duration.ofSeconds(30)));
        assertTrue(far.isOpen());
    }

    @Test
    void aWriteWithATimeoutThatHasBegunAborts() {
        assertThrows(CallTimeout.class, () -> near.write(new byte[1 << 20], Duration.ofMillis(1)));
        assertFalse(near.isOpen());
    }

    @Test
    void anInterruptEndsAReadThatLosesNothing() throws Exception {
        AtomicReference<Throwable> end = new AtomicReference<>();
        try (Beside reader = Beside.run(() -> end.set(assertThrows(InterruptedException.class, far::readLine)))) {
            near.write("half a ".getBytes(UTF_8));
            reader.awaitWaiting();
            reader.interrupt();
        }
        assertTrue(end.get() instanceof InterruptedException);
        near.writeLine("line");
        assertEquals("half a line", far.readLine());
    }

    @Test
    void anInterruptEndsAWriteThatHadBegunAndTheConnection() throws Exception {
        try (Beside writer =
                Beside.run(() -> assertThrows(InterruptedException.class, () -> near.write(new byte[1 << 20])))) {
            far.awaitReadable();
            writer.awaitWaiting();
            writer.interrupt();
        }
        assertFalse(near.isOpen());
    }

    @Test
    void anInterruptOfAStreamLeavesTheThreadInterrupted() throws Exception {
        try (Beside reader = Beside.run(() -> {
            assertThrows(
                    InterruptedIOException.class, () -> far.getInputStream().read());
            assertTrue(Thread.interrupted());
        })) {
            reader.awaitWaiting();
            reader.interrupt();
        }
        assertTrue(far.isOpen());
    }

    @Test
    void aThreadThatIsInterruptedAlreadyDoesNothing() {
        Thread.currentThread().interrupt();
        assertThrows(InterruptedException.class, () -> near.writeLine("not sent"));
        assertFalse(Thread.currentThread().isInterrupted());
        assertEquals(0, near.getBytesWritten());
    }

    @Test
    void aCloseFromAnotherThreadEndsARead() throws Exception {
        try (Beside reader = Beside.run(() -> assertThrows(ConnectionClosed.class, () -> far.read(new byte[1])))) {
            reader.awaitWaiting();
            far.close();
        }
        far.awaitClosed();
    }

    @Test
    void twoThreadsDoNotReadAtOnce() throws Exception {
        near.write("half a ".getBytes(UTF_8));
        try (Beside reader = Beside.run(() -> assertEquals("half a line", far.readLine()))) {
            while (far.getBytesRead() == 0) Thread.onSpinWait();
            assertThrows(IllegalStateException.class, () -> far.read(new byte[1]));
            near.writeLine("line");
        }
    }

    @Test
    void filesAndCopies(@TempDir Path folder) throws Exception {
        Path file = Files.writeString(folder.resolve("file"), "0123456789");
        assertEquals(10, near.sendFile(file));
        assertEquals(3, near.sendFile(file, 5, 3));
        near.shutdownOutput();
        assertThrows(NoSuchFileException.class, () -> far.sendFile(folder.resolve("none")));
        assertEquals(13, far.copyTo(far));
        assertEquals("0123456789567", new String(near.readExactly(13), UTF_8));
    }

    @Test
    void aCallOnALoopFailsAtOnceAndSaysWhatToDo() throws Exception {
        io.hawser.engine.EventLoop loop =
                io.hawser.engine.EventLoopGroup.getShared().next();
        AtomicReference<Throwable> failure = new AtomicReference<>();
        java.util.concurrent.CountDownLatch done = new java.util.concurrent.CountDownLatch(1);
        loop.dispatch(loop, () -> {
            failure.set(assertThrows(IllegalStateException.class, () -> near.writeLine("from the loop")));
            done.countDown();
        });
        done.await();
        assertTrue(
                failure.get().getMessage().contains("handlerContext"),
                failure.get().getMessage());
        near.writeLine("from elsewhere");
        assertEquals("from elsewhere", far.readLine());
    }
}
