package io.hawser.blocking;

import io.hawser.Datagram;
import io.hawser.DatagramSocket;
import io.hawser.Endpoint;
import io.hawser.Receipt;
import java.io.Closeable;
import java.io.IOException;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.function.Supplier;

/**
 * A {@link DatagramSocket} for threads that wait. One thread receives at a time, any number may send, and both go on side by side. A failure
 * costs the call that meets it and no other.
 *
 * <p>Whoever opened it closes it. Every call on a closed socket fails with {@link io.hawser.SocketClosed}. An interrupt loses no datagram,
 * and has sent nothing.
 */
public final class BlockingDatagramSocket implements Closeable {
    private final DatagramSocket socket;

    BlockingDatagramSocket(DatagramSocket socket) {
        this.socket = socket;
    }

    /** Tells sockets of this process apart; never given twice. */
    public long getId() {
        return socket.getId();
    }

    /** Our address, also after the end. */
    public SocketAddress getLocal() {
        return socket.getLocal();
    }

    /** The peer's address, or null if there is more than one. */
    public SocketAddress getRemote() {
        return socket.getRemote();
    }

    /** The peer as messages name it, or this socket if there is more than one. */
    public Endpoint getEndpoint() {
        return socket.getEndpoint();
    }

    /** False once it has been closed. */
    public boolean isOpen() {
        return socket.isOpen();
    }

    /** Bytes received so far. */
    public long getBytesRead() {
        return socket.getBytesRead();
    }

    /** Bytes that the system has taken so far. */
    public long getBytesWritten() {
        return socket.getBytesWritten();
    }

    /**
     * Sends {@code bytes} to the peer as one datagram, and returns when the system has taken it, which does not mean that it arrives.
     *
     * @throws io.hawser.DatagramTooLarge before anything is sent
     * @throws io.hawser.PeerUnreachable if nobody receives there, or did not a moment ago
     * @throws IllegalStateException if the socket has no peer
     */
    public void send(byte[] bytes) throws IOException, InterruptedException {
        Call.await(it -> socket.send(bytes, it));
    }

    /** As {@link #send(byte[])}, for no longer than {@code timeout}. */
    public void send(byte[] bytes, Duration timeout) throws IOException, InterruptedException {
        Call.await(
                it -> socket.send(bytes, it),
                timeout,
                () -> new CallTimeout("sending to", socket.getEndpoint(), timeout));
    }

    /** As {@link #send(byte[])}, what remains of {@code datagram}. */
    public void send(ByteBuffer datagram) throws IOException, InterruptedException {
        Call.await(it -> socket.send(datagram, it));
    }

    /** As {@link #send(byte[])}, to {@code target}. Not every socket with a peer can send to others. */
    public void send(byte[] bytes, SocketAddress target) throws IOException, InterruptedException {
        Call.await(it -> socket.send(bytes, target, it));
    }

    /** As {@link #send(byte[], SocketAddress)}, what remains of {@code datagram}. */
    public void send(ByteBuffer datagram, SocketAddress target) throws IOException, InterruptedException {
        Call.await(it -> socket.send(datagram, target, it));
    }

    /** Sends {@code bytes} to the peer if the system has room for them at once, and returns whether it had. It does not wait. */
    public boolean trySend(byte[] bytes) throws IOException {
        return uninterrupted(() -> socket.trySend(bytes));
    }

    /** As {@link #trySend(byte[])}, to {@code target}. */
    public boolean trySend(byte[] bytes, SocketAddress target) throws IOException {
        return uninterrupted(() -> socket.trySend(bytes, target));
    }

    /** A datagram that has come already, or null. It does not wait. */
    public Datagram tryReceive() throws IOException {
        return uninterrupted(socket::tryReceive);
    }

    /**
     * Waits for a datagram.
     *
     * @throws io.hawser.PeerUnreachable once each time that nobody received at the peer's
     * @throws IllegalStateException at once if another thread is receiving
     */
    public Datagram receive() throws IOException, InterruptedException {
        return Call.await(socket::receive);
    }

    /** As {@link #receive()}, for no longer than {@code timeout}. */
    public Datagram receive(Duration timeout) throws IOException, InterruptedException {
        return Call.await(
                socket::receive, timeout, () -> new CallTimeout("receiving from", socket.getEndpoint(), timeout));
    }

    /** As {@link #receive()}, into {@code target}, and says what is there now. */
    public Receipt receive(ByteBuffer target) throws IOException, InterruptedException {
        return Call.await(it -> socket.receive(target, it));
    }

    /** Waits for a datagram, and returns it with those that have come behind it, {@code max} at most. */
    public List<Datagram> receiveAll(int max) throws IOException, InterruptedException {
        return Call.await(it -> socket.receiveAll(max, it));
    }

    /**
     * Answers {@code received}, as {@link #send(byte[])} does.
     *
     * @throws io.hawser.ReplyImpossible if it came from a socket without an address
     */
    public void reply(Datagram received, byte[] bytes) throws IOException, InterruptedException {
        Call.await(it -> socket.reply(received, bytes, it));
    }

    /** Closes it. Returns at once, from any thread; idempotent. */
    @Override
    public void close() {
        socket.close();
    }

    /** Waits until it has been closed and its address can be bound again. */
    public void awaitClosed() throws IOException, InterruptedException {
        Call.await(socket::awaitClosed);
    }

    /** The socket that this one is of. */
    public DatagramSocket unwrap() {
        return socket;
    }

    /** Channels of other libraries close when a thread that is interrupted calls them. */
    private static <T> T uninterrupted(Supplier<T> call) {
        boolean isInterrupted = Thread.interrupted();
        try {
            return call.get();
        } finally {
            if (isInterrupted) Thread.currentThread().interrupt();
        }
    }

    @Override
    public String toString() {
        return socket.toString();
    }
}
