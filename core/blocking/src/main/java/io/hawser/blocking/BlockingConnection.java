package io.hawser.blocking;

import io.hawser.Attributes;
import io.hawser.CloseReason;
import io.hawser.Connection;
import io.hawser.Connections;
import io.hawser.Endpoint;
import io.hawser.framing.FrameCodec;
import io.hawser.framing.Framing;
import io.hawser.framing.Lines;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;

/**
 * A {@link Connection} for threads that wait. One thread reads at a time, any number may write, and both go on side by side. Nothing is
 * buffered on the way out, so there is nothing to flush; what a call read ahead on the way in stays for the next one, whichever it is: the
 * stream, a line, a frame.
 *
 * <p>Whoever connected closes it; a server closes those of its handlers. Every call on a closed connection fails with
 * {@link io.hawser.ConnectionClosed}, on one that the peer reset with {@link io.hawser.ConnectionReset}. Interrupts, and threads that may
 * not wait, are as {@link Blocking} says.
 *
 * <p>Calls with a timeout are cancelled when it is over, with {@link CallTimeout}. Those that hold for all calls are in the options of the
 * client or server: {@code readTimeout}, {@code writeTimeout}, {@code idleTimeout}.
 */
public final class BlockingConnection implements Closeable {
    private final Connection connection;
    private final InputStream input;
    private final OutputStream output;

    BlockingConnection(Connection connection) {
        this.connection = connection;
        input = new ConnectionInput(this);
        output = new ConnectionOutput(this);
    }

    /**
     * What the peer sends, as a stream. Closing it closes the connection. A read that is interrupted throws
     * {@link java.io.InterruptedIOException} and leaves the thread interrupted; no byte is lost.
     */
    public InputStream getInputStream() {
        return input;
    }

    /**
     * What the peer gets, as a stream without a buffer: a write has left when it returns. Closing it closes the connection. A write that is
     * interrupted throws {@link java.io.InterruptedIOException} and leaves the thread interrupted.
     */
    public OutputStream getOutputStream() {
        return output;
    }

    /** Tells connections of this process apart; never given twice. */
    public long getId() {
        return connection.getId();
    }

    /** Our address, also after the end. */
    public SocketAddress getLocal() {
        return connection.getLocal();
    }

    /** The peer's address, also after the end. */
    public SocketAddress getRemote() {
        return connection.getRemote();
    }

    /** The peer as messages name it. */
    public Endpoint getEndpoint() {
        return connection.getEndpoint();
    }

    /** What is known of the peer beyond its address. */
    public Attributes getAttributes() {
        return connection.getAttributes();
    }

    /** Whether calls can succeed, as far as this side knows. */
    public boolean isOpen() {
        return connection.isOpen();
    }

    /** Whether the server of this connection shuts down: a handler that sees it ends soon, or is cut when the grace is over. */
    public boolean isDraining() {
        return connection.getDraining().getValue();
    }

    /** Why the connection is closed, or null while it is open. */
    public CloseReason getCloseReason() {
        return connection.getCloseReason();
    }

    /** How many bytes have come in. */
    public long getBytesRead() {
        return connection.getBytesRead();
    }

    /** How many bytes have left. */
    public long getBytesWritten() {
        return connection.getBytesWritten();
    }

    /**
     * Reads what is there into {@code target}, waiting for the first byte if need be.
     *
     * @return how many bytes, at least 1, or -1 at the end of the stream and ever after
     * @throws IllegalArgumentException if {@code target} has no room
     * @throws IllegalStateException at once if another thread is reading
     */
    public int read(ByteBuffer target) throws IOException, InterruptedException {
        return Call.await(it -> connection.read(target, it));
    }

    /** As {@link #read(ByteBuffer)}, for no longer than {@code timeout}. */
    public int read(ByteBuffer target, Duration timeout) throws IOException, InterruptedException {
        return await(it -> connection.read(target, it), "reading from", timeout);
    }

    /** As {@link #read(ByteBuffer)}, into {@code target} from its beginning. */
    public int read(byte[] target) throws IOException, InterruptedException {
        return read(ByteBuffer.wrap(target));
    }

    /** As {@link #read(ByteBuffer)}, into {@code length} bytes of {@code target} from {@code offset} on. */
    public int read(byte[] target, int offset, int length) throws IOException, InterruptedException {
        return read(ByteBuffer.wrap(target, offset, length));
    }

    /** As {@link #read(byte[])}, for no longer than {@code timeout}. */
    public int read(byte[] target, Duration timeout) throws IOException, InterruptedException {
        return read(ByteBuffer.wrap(target), timeout);
    }

    /** As {@link #readLine(int)}, for no longer than {@code timeout}. */
    public String readLine(int limit, Duration timeout) throws IOException, InterruptedException {
        return await(it -> connection.readLine(limit, it), "reading a line from", timeout);
    }

    /** As {@link #awaitReadable()}, for no longer than {@code timeout}. */
    public void awaitReadable(Duration timeout) throws IOException, InterruptedException {
        await(connection::awaitReadable, "waiting for", timeout);
    }

    /** Waits until a read would not have to: bytes are there, or the end. It reads nothing. */
    public void awaitReadable() throws IOException, InterruptedException {
        Call.await(connection::awaitReadable);
    }

    /**
     * Reads exactly {@code count} bytes. Interrupted or failed, it puts back what had come, for the next read.
     *
     * @throws io.hawser.UnexpectedEnd if the stream ends before
     */
    public byte[] readExactly(int count) throws IOException, InterruptedException {
        return Call.await(it -> connection.readExactly(count, it));
    }

    /** As {@link #readExactly(int)}, for no longer than {@code timeout}. */
    public byte[] readExactly(int count, Duration timeout) throws IOException, InterruptedException {
        return await(it -> connection.readExactly(count, it), "reading " + count + " bytes from", timeout);
    }

    /**
     * Reads one line of UTF-8, up to a line feed, and returns it without its {@code \n} or {@code \r\n}; null at the end of the stream. Lines
     * of more than 64 KiB are refused.
     *
     * @throws io.hawser.UnexpectedEnd if the stream ends inside a line
     * @throws io.hawser.FrameTooLarge if the line is too long; it stays unread
     * @throws io.hawser.MalformedFrame if the line is not UTF-8; it is gone, and the next one can be read
     */
    public String readLine() throws IOException, InterruptedException {
        return readLine(Lines.DEFAULT_MAX_LENGTH);
    }

    /** As {@link #readLine()}, for no longer than {@code timeout}. */
    public String readLine(Duration timeout) throws IOException, InterruptedException {
        return readLine(Lines.DEFAULT_MAX_LENGTH, timeout);
    }

    /** As {@link #readLine()}, for lines of up to {@code limit} bytes. */
    public String readLine(int limit) throws IOException, InterruptedException {
        return Call.await(it -> connection.readLine(limit, it));
    }

    /**
     * Writes all of {@code source}, and returns when the kernel has taken every byte. Writes of several threads leave whole and in the order
     * of their calls.
     *
     * @throws IllegalStateException after {@link #shutdownOutput()}
     */
    public void write(ByteBuffer source) throws IOException, InterruptedException {
        Call.await(it -> connection.write(source, it));
    }

    /** Writes all of {@code sources} as one message. As {@link #write(ByteBuffer)} for one buffer. */
    public void write(ByteBuffer... sources) throws IOException, InterruptedException {
        Call.await(it -> connection.write(sources, it));
    }

    /** As {@link #write(ByteBuffer)}, for no longer than {@code timeout}; if it had begun, the connection has been aborted. */
    public void write(ByteBuffer source, Duration timeout) throws IOException, InterruptedException {
        await(it -> connection.write(source, it), "writing to", timeout);
    }

    /** As {@link #write(ByteBuffer)}, all of {@code source}. */
    public void write(byte[] source) throws IOException, InterruptedException {
        write(ByteBuffer.wrap(source));
    }

    /** As {@link #write(ByteBuffer)}, {@code length} bytes of {@code source} from {@code offset} on. */
    public void write(byte[] source, int offset, int length) throws IOException, InterruptedException {
        write(ByteBuffer.wrap(source, offset, length));
    }

    /** As {@link #write(byte[])}, for no longer than {@code timeout}; if it had begun, the connection has been aborted. */
    public void write(byte[] source, Duration timeout) throws IOException, InterruptedException {
        write(ByteBuffer.wrap(source), timeout);
    }

    /** Writes {@code line} as UTF-8 and a line feed behind it, as one {@link #write(ByteBuffer)}. */
    public void writeLine(String line) throws IOException, InterruptedException {
        Call.await(it -> connection.writeLine(line, it));
    }

    /** As {@link #writeLine(String)}, for no longer than {@code timeout}; if it had begun, the connection has been aborted. */
    public void writeLine(String line, Duration timeout) throws IOException, InterruptedException {
        await(it -> connection.writeLine(line, it), "writing to", timeout);
    }

    /** This connection as frames of {@code codec}. Costs nothing, and may be done more than once. */
    public <T> BlockingFramed<T> framed(FrameCodec<T> codec) {
        return new BlockingFramed<>(Framing.framed(connection, codec));
    }

    /**
     * Writes everything that comes in from here to {@code destination}, until the end of the stream, and returns how many bytes. Neither
     * connection is closed or ended. An interrupt loses nothing that was not yet on its way.
     */
    public long copyTo(BlockingConnection destination) throws IOException, InterruptedException {
        return Call.await(it -> Connections.copyTo(connection, destination.connection, it));
    }

    /**
     * Sends all of {@code file} as one write, and returns how many bytes there were. They go from the disk to the socket without a copy
     * through this process where the transport can.
     *
     * @throws java.nio.file.NoSuchFileException and what else opening a file throws, before anything is sent
     */
    public long sendFile(Path file) throws IOException, InterruptedException {
        return sendFile(file, 0, Long.MAX_VALUE);
    }

    /** As {@link #sendFile(Path)}, up to {@code count} bytes from {@code position} on. */
    public long sendFile(Path file, long position, long count) throws IOException, InterruptedException {
        return Call.await(it -> connection.sendFile(file, position, count, it));
    }

    /** Ends our direction after the writes before it: the peer reads everything and then the end, and may go on sending. */
    public void shutdownOutput() throws IOException, InterruptedException {
        Call.await(connection::shutdownOutput);
    }

    /** Closes both directions at once, without waiting for anybody; what was written still reaches a peer that reads. Idempotent. */
    @Override
    public void close() {
        connection.close();
    }

    /** Closes at once and lets the peer see a reset, where there are such; what is in flight is lost. */
    public void abort() {
        connection.abort();
    }

    /** Waits until the connection has been closed, by whomever, and its descriptor is free. */
    public void awaitClosed() throws IOException, InterruptedException {
        Call.await(connection::awaitClosed);
    }

    /** The connection that this one is of, for suspending functions: see {@link Blocking#await(Suspending)}. */
    public Connection unwrap() {
        return connection;
    }

    @Override
    public String toString() {
        return connection.toString();
    }

    private <T> T await(Suspending<T> suspending, String what, Duration timeout)
            throws IOException, InterruptedException {
        return Call.await(suspending, timeout, () -> new CallTimeout(what, connection.getEndpoint(), timeout));
    }
}
