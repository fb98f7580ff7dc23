package io.hawser.blocking;

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
        try {
            connection.write(source, offset, length);
        } catch (InterruptedException e) {
            throw ConnectionInput.interrupted(e);
        }
    }

    @Override
    public void close() {
        connection.close();
    }
}
