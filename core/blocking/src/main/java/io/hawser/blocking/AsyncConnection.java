package io.hawser.blocking;

import io.hawser.CloseReason;
import io.hawser.Connection;
import io.hawser.Connections;
import io.hawser.Endpoint;
import io.hawser.framing.FrameCodec;
import io.hawser.framing.Framed;
import io.hawser.framing.Framing;
import io.hawser.framing.Lines;
import java.io.Closeable;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;

/**
 * A {@link Connection} with futures. One read goes on at a time, any number of writes may, and they leave whole and in the order of their
 * calls. What a call read ahead stays for the next one, whichever it is. Buffers belong to a call until its future is complete.
 *
 * <p>Calls fail as those of {@link BlockingConnection} do. Whoever connected closes it; a server closes those of its handlers.
 */
public final class AsyncConnection implements Closeable {
    private final Connection connection;

    AsyncConnection(Connection connection) {
        this.connection = connection;
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

    /** Whether calls can succeed, as far as this side knows. */
    public boolean isOpen() {
        return connection.isOpen();
    }

    /** Whether the server of this connection shuts down. */
    public boolean isDraining() {
        return connection.getDraining().getValue();
    }

    /** Why the connection is closed, or null while it is open. */
    public CloseReason getCloseReason() {
        return connection.getCloseReason();
    }

    /** Reads what is there into {@code target}: how many bytes, at least 1, or -1 at the end of the stream and ever after. */
    public CompletableFuture<Integer> read(ByteBuffer target) {
        return FutureCall.of(it -> connection.read(target, it));
    }

    /** Reads exactly {@code count} bytes. Cancelled or failed, it puts back what had come, for the next read. */
    public CompletableFuture<byte[]> readExactly(int count) {
        return FutureCall.of(it -> connection.readExactly(count, it));
    }

    /** Reads one line of UTF-8 of up to 64 KiB, without its {@code \n} or {@code \r\n}; null at the end of the stream. */
    public CompletableFuture<String> readLine() {
        return readLine(Lines.DEFAULT_MAX_LENGTH);
    }

    /** As {@link #readLine()}, for lines of up to {@code limit} bytes. */
    public CompletableFuture<String> readLine(int limit) {
        return FutureCall.of(it -> connection.readLine(limit, it));
    }

    /** Writes all of {@code source}; complete when the kernel has taken every byte. */
    public CompletableFuture<Void> write(ByteBuffer source) {
        return FutureCall.nothing(it -> connection.write(source, it));
    }

    /** Writes all of {@code sources} as one message. */
    public CompletableFuture<Void> write(ByteBuffer... sources) {
        return FutureCall.nothing(it -> connection.write(sources, it));
    }

    /** Writes all of {@code source}; complete when the kernel has taken every byte. */
    public CompletableFuture<Void> write(byte[] source) {
        return write(ByteBuffer.wrap(source));
    }

    /** Writes {@code line} as UTF-8 and a line feed behind it. */
    public CompletableFuture<Void> writeLine(String line) {
        return FutureCall.nothing(it -> connection.writeLine(line, it));
    }

    /** Receives one frame of {@code codec}; null at the end of the stream. */
    public <T> CompletableFuture<T> receive(FrameCodec<T> codec) {
        Framed<T> framed = Framing.framed(connection, codec);
        return FutureCall.of(framed::receive);
    }

    /** Sends {@code frame} whole, in the order of calls. */
    public <T> CompletableFuture<Void> send(FrameCodec<T> codec, T frame) {
        Framed<T> framed = Framing.framed(connection, codec);
        return FutureCall.nothing(it -> framed.send(frame, it));
    }

    /** Writes everything that comes in from here to {@code destination}, until the end of the stream: how many bytes. */
    public CompletableFuture<Long> copyTo(AsyncConnection destination) {
        return FutureCall.of(it -> Connections.copyTo(connection, destination.connection, it));
    }

    /** Sends all of {@code file} as one write: how many bytes. */
    public CompletableFuture<Long> sendFile(Path file) {
        return FutureCall.of(it -> connection.sendFile(file, 0, Long.MAX_VALUE, it));
    }

    /** Ends our direction after the writes before it; the peer may go on sending. */
    public CompletableFuture<Void> shutdownOutput() {
        return FutureCall.nothing(connection::shutdownOutput);
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

    /** Complete when the connection has been closed, by whomever, and its descriptor is free. */
    public CompletableFuture<Void> awaitClosed() {
        return FutureCall.nothing(connection::awaitClosed);
    }

    /** The connection that this one is of, for suspending functions: see {@link Async#call(Suspending)}. */
    public Connection unwrap() {
        return connection;
    }

    @Override
    public String toString() {
        return connection.toString();
    }
}
