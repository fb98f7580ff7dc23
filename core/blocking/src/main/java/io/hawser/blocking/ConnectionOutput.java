package io.hawser.blocking;

import io.hawser.engine.EventLoop;
import java.io.IOException;
import java.io.OutputStream;
import java.util.Objects;

/** What goes out over a connection, as Java's libraries write it. */
final class ConnectionOutput extends OutputStream {
    private final BlockingConnection connection;

    ConnectionOutput(BlockingConnection connection) {
        this.connection = connection;
    }

    @Override
    public void write(int value) throws IOException {
        write(new byte[] {(byte) value}, 0, 1);
    }

    @Override
    public void write(byte[] source, int offset, int length) throws IOException {
        Objects.checkFromIndexSize(offset, length, source.length);
        if (length == 0) return;
        try {
            connection.write(source, offset, length);
        } catch (InterruptedException e) {
            throw ConnectionInput.interrupted(e);
        } catch (IllegalStateException e) {
            // Whoever writes to streams expects a failure of the stream when its output has been shut down.
            if (EventLoop.current() != null) throw e;
            throw new IOException(e.getMessage(), e);
        }
    }

    @Override
    public void close() {
        connection.close();
    }
}
