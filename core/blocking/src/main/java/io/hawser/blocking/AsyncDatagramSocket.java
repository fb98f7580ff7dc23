package io.hawser.blocking;

import io.hawser.Datagram;
import io.hawser.DatagramSocket;
import io.hawser.Endpoint;
import java.io.Closeable;
import java.net.SocketAddress;
import java.util.concurrent.CompletableFuture;

/** A {@link DatagramSocket} with futures. One receive goes on at a time, any number of sends may. Whoever opened it closes it. */
public final class AsyncDatagramSocket implements Closeable {
    private final DatagramSocket socket;

    AsyncDatagramSocket(DatagramSocket socket) {
        this.socket = socket;
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

    /** Sends {@code bytes} to the peer as one datagram; complete when the system has taken it. */
    public CompletableFuture<Void> send(byte[] bytes) {
        return FutureCall.nothing(it -> socket.send(bytes, it));
    }

    /** As {@link #send(byte[])}, to {@code target}. */
    public CompletableFuture<Void> send(byte[] bytes, SocketAddress target) {
        return FutureCall.nothing(it -> socket.send(bytes, target, it));
    }

    /** The next datagram. */
    public CompletableFuture<Datagram> receive() {
        return FutureCall.of(socket::receive);
    }

    /** Answers {@code received}. */
    public CompletableFuture<Void> reply(Datagram received, byte[] bytes) {
        return FutureCall.nothing(it -> socket.reply(received, bytes, it));
    }

    /** Closes it. Returns at once, from any thread; idempotent. */
    @Override
    public void close() {
        socket.close();
    }

    /** Complete when it has been closed and its address can be bound again. */
    public CompletableFuture<Void> awaitClosed() {
        return FutureCall.nothing(socket::awaitClosed);
    }

    /** The socket that this one is of. */
    public DatagramSocket unwrap() {
        return socket;
    }

    @Override
    public String toString() {
        return socket.toString();
    }
}
