package io.hawser.blocking;

import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.util.Objects;

/** What comes in over a connection, as Java's libraries read it. */
final class ConnectionInput extends InputStream {
    private final BlockingConnection connection;

    ConnectionInput(BlockingConnection connection) {
        this.connection = connection;
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] target, int offset, int length) throws IOException {
        Objects.checkFromIndexSize(offset, length, target.length);
        if (length == 0) return 0;
        try {
            return connection.read(target, offset, length);
        } catch (InterruptedException e) {
            throw interrupted(e);
        }
    }

    @Override
    public void close() {
        connection.close();
    }

    /** What a stream, which may throw nothing else, makes of an interrupt. */
    static InterruptedIOException interrupted(InterruptedException e) {
        Thread.currentThread().interrupt();
        InterruptedIOException failure = new InterruptedIOException("the thread was interrupted");
        failure.initCause(e);
        return failure;
    }
}
